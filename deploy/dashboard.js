'use strict';
// The dashboard: is it working? Read from the top: alarms, the day in numbers, what each stage does, what waits, what is slow, what
// went wrong. Its metrics are those that the functions publish (crates/pipeline-core/src/metrics) and those of Lambda and SQS.

const { SWEPT } = require('./monitoring.alarms.js');
const { widgetQuery } = require('./monitoring.queries.js');
const { FUNCTIONS, STAGE_FUNCTIONS } = require('./settings.js');

/** The grid's columns. */
const WIDTH = 24;
const QUARTER_HOUR = 900;

const OUTCOMES = { done: '#2ca02c', partly: '#bcbd22', rejected: '#ff7f0e', 'no-files': '#c7c7c7', before: '#aec7e8', failed: '#d62728' };
/** Outcomes of work that came to an end, each object once. */
const ENDED = ['done', 'partly', 'rejected', 'no-files'];

/** The dashboard of a deployment; `alarmIds` are the logical ids of its alarms. */
const dashboard = (settings, alarmIds) => {
  const { stage, functionNames, monitoring } = settings;
  const namespace = settings.environment.every.METRICS_NAMESPACE;

  /** A metric of the pipeline as dashboards write it: namespace, name, dimensions flat, how to draw it. */
  const own = (name, dimensions, drawn) => [namespace, name, ...Object.entries(dimensions).flat(), drawn];
  const lambda = (name, of, drawn) => ['AWS/Lambda', name, 'FunctionName', functionNames[of], drawn];
  const queue = (name, of, drawn) => ['AWS/SQS', name, 'QueueName', `\${${of}.QueueName}`, drawn];
  const computed = (expression, drawn) => [{ expression, ...drawn }];
  const hidden = (id, more) => ({ id, visible: false, ...more });

  const metrics = (title, list, properties) => ({
    type: 'metric',
    properties: {
      title,
      region: '${AWS::Region}',
      view: 'timeSeries',
      stacked: false,
      stat: 'Sum',
      period: QUARTER_HOUR,
      metrics: list,
      ...properties,
    },
  });
  const graph = (title, label, list, properties) => metrics(title, list, { yAxis: { left: { label, min: 0, showUnits: false } }, ...properties });
  const numbers = (title, list, properties) => metrics(title, list, { view: 'singleValue', ...properties });
  const log = (title, query) => ({ type: 'log', properties: { title, region: '${AWS::Region}', view: 'table', query } });

  const outcomes = (of) => graph(
    `${of}: objects by outcome`,
    'objects',
    Object.entries(OUTCOMES).map(([outcome, color]) => own('Objects', { Stage: of, Outcome: outcome }, { label: outcome, color })),
    { stacked: true, view: 'timeSeries' },
  );

  const rows = [
    [2, [WIDTH, {
      type: 'text',
      properties: {
        markdown: `# data-pipeline ${stage}\nIs it working? No red alarm, emails and files above zero, nothing waiting. Details: the saved queries in CloudWatch Logs Insights, folder **data-pipeline-${stage}**. What each alarm means: **docs/OPERATIONS.md**.`,
      },
    }]],
    [4, [WIDTH, { type: 'alarm', properties: { title: 'Alarms', alarms: alarmIds.map((id) => `arn:\${AWS::Partition}:cloudwatch:\${AWS::Region}:\${AWS::AccountId}:alarm:\${${id}}`) } }]],
    [4,
      [14, numbers('The last 24 hours (or the time chosen above)', [
        ...ENDED.map((outcome, index) => own('Objects', { Stage: 'unpack-attachments', Outcome: outcome }, hidden(`e${index}`))),
        computed(`SUM([${ENDED.map((_, index) => `e${index}`)}])`, { id: 'emails', label: 'emails unpacked', color: OUTCOMES.done }),
        own('BytesIn', { Stage: 'unpack-attachments' }, { label: 'bytes of emails', color: '#1f77b4' }),
        own('Files', { Stage: 'unpack-attachments' }, { label: 'files in emails', color: '#1f77b4' }),
        own('Delivered', {}, { label: 'CSV files delivered', color: OUTCOMES.done }),
        own('Rows', {}, { label: 'rows delivered', color: OUTCOMES.done }),
        own('RejectsToLookAt', {}, { label: 'rejects to look at', color: OUTCOMES.rejected }),
        ...STAGE_FUNCTIONS.map((of, index) => own('Objects', { Stage: of, Outcome: 'failed' }, hidden(`f${index}`))),
        computed(`SUM([${STAGE_FUNCTIONS.map((_, index) => `f${index}`)}])`, { id: 'failed', label: 'failed attempts', color: OUTCOMES.failed }),
      ], { setPeriodToTimeRange: true })],
      [10, numbers('Now', [
        ...SWEPT.slice(0, -1).map((bucket, index) => own('Waiting', { Bucket: bucket }, hidden(`w${index}`))),
        computed(`SUM([${SWEPT.slice(0, -1).map((_, index) => `w${index}`)}])`, { id: 'waiting', label: 'objects between the stages', color: OUTCOMES.rejected }),
        own('Waiting', { Bucket: 'amr-data' }, { label: 'files for the importer', color: '#1f77b4' }),
        queue('ApproximateNumberOfMessagesVisible', 'FailureQueue', { label: 'failure queue', color: OUTCOMES.failed }),
      ], { stat: 'Maximum' })],
    ],
    [6, ...STAGE_FUNCTIONS.map((of) => [WIDTH / STAGE_FUNCTIONS.length, outcomes(of)])],
    [6,
      [8, graph('Rejects by reason', 'rejects', [
        computed(`SEARCH('{"${namespace}",ReasonCode} MetricName="Rejects"', 'Sum', ${QUARTER_HOUR})`, { id: 'rejects', label: '' }),
      ], { stacked: true })],
      [8, graph('Oldest object that waits', 'hours', [
        ...SWEPT.map((bucket, index) => own('OldestAge', { Bucket: bucket }, hidden(`a${index}`))),
        ...SWEPT.map((bucket, index) => computed(`a${index} / 3600`, { id: `h${index}`, label: bucket })),
      ], {
        stat: 'Maximum',
        annotations: {
          horizontal: [
            { label: 'stuck', value: monitoring.stuckHours, color: OUTCOMES.rejected },
            ...(monitoring.importerHours > 0 ? [{ label: 'no importer', value: monitoring.importerHours, color: OUTCOMES.failed }] : []),
          ],
        },
      })],
      [8, graph('Sent again by the sweep, and given up', 'objects', [
        ...SWEPT.slice(0, -1).map((bucket) => own('SentAgain', { Bucket: bucket }, { label: `sent again: ${bucket}` })),
        queue('ApproximateNumberOfMessagesVisible', 'FailureQueue', { label: 'failure queue', stat: 'Maximum', color: OUTCOMES.failed }),
        queue('ApproximateNumberOfMessagesVisible', 'RedriveQueue', { label: 'redrive queue', stat: 'Maximum', color: OUTCOMES.rejected }),
      ])],
    ],
    [6,
      [8, graph('Time an object takes: p50 and p99', 'ms', STAGE_FUNCTIONS.flatMap((of) => [
        own('Duration', { Stage: of }, { label: `${of} p50`, stat: 'p50' }),
        own('Duration', { Stage: of }, { label: `${of} p99`, stat: 'p99' }),
      ]))],
      [8, graph('Time from an object\'s arrival to its end: p50 and p99', 'ms', STAGE_FUNCTIONS.flatMap((of) => [
        own('EventAge', { Stage: of }, { label: `${of} p50`, stat: 'p50' }),
        own('EventAge', { Stage: of }, { label: `${of} p99`, stat: 'p99' }),
      ]))],
      [8, graph('Errors and throttles', 'invocations', FUNCTIONS.flatMap((of) => [
        lambda('Errors', of, { label: `${of} errors` }),
        lambda('Throttles', of, { label: `${of} throttles` }),
      ]))],
    ],
    [7,
      [12, log('Rejects, newest first', widgetQuery(settings, 'Rejects', ['@timestamp', 'reason_code', 'area', 'rejected_to'], 20))],
      [12, log('Failures and their causes', widgetQuery(settings, 'Failures', ['@timestamp', 'stage', 'cause'], 20))],
    ],
  ];

  const widgets = [];
  let y = 0;
  for (const [height, ...cells] of rows) {
    let x = 0;
    for (const [width, widget] of cells) {
      widgets.push({ ...widget, x, y, width, height });
      x += width;
    }
    y += height;
  }

  return {
    Dashboard: {
      Type: 'AWS::CloudWatch::Dashboard',
      Properties: {
        DashboardName: `data-pipeline-${stage}`,
        DashboardBody: { 'Fn::Sub': JSON.stringify({ start: '-P1D', periodOverride: 'inherit', widgets }) },
      },
    },
  };
};

module.exports = { dashboard };
