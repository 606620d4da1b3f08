'use strict';
// The alarms. An alarm is billed by the metrics that it looks at, $0.10 a month each, so that bundling several in one expression
// makes fewer emails, not a smaller bill: what an operator has to tell apart (which function, which bucket) has an alarm of its own.
//
// Missing data means: nothing happened (errors, rejects: fine), nobody looked (ages: the state stays, and another alarm says that
// the sweep is out), or that what must always come did not come (emails, the sweep: an alarm).

const { FUNCTIONS, STAGE_FUNCTIONS } = require('./settings.js');

const MINUTE = 60;
const HOUR = 3600;

/** The buckets in which an object waits for a function, and that function. */
const WAITING_FOR = { inbox: 'unpack-attachments', process: 'process-file', uncompressed: 'uncompress-file', spreadsheet: 'convert-file' };

/** The buckets that the sweep looks at; in the last one, files wait for the importer. */
const SWEPT = [...Object.keys(WAITING_FOR), 'amr-data'];

/** `convert-file` as a logical id spells it. */
const pascal = (name) => name.replace(/(^|-)([a-z])/g, (_, __, letter) => letter.toUpperCase());

const metric = (namespace, name, dimensions = {}) => ({
  Namespace: namespace,
  MetricName: name,
  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
});

/** An entry of an alarm's expression that fetches a metric. */
const fetched = (id, what, stat, period) => ({ Id: id, ReturnData: false, MetricStat: { Metric: what, Stat: stat, Period: period } });

/** The entry of an alarm's expression that is compared with the threshold. */
const compared = (expression, label) => ({ Id: 'compared', Expression: expression, Label: label, ReturnData: true });

/** The alarms of a deployment, by logical id; `timeouts` are the functions', in seconds. */
const alarms = (settings, timeouts) => {
  const { stage, functionNames, monitoring } = settings;
  const namespace = settings.environment.every.METRICS_NAMESPACE;
  const lambda = (name, of) => metric('AWS/Lambda', name, { FunctionName: functionNames[of] });
  const queue = (name, of) => metric('AWS/SQS', name, { QueueName: { 'Fn::GetAtt': [of, 'QueueName'] } });
  const swept = (bucket) => metric(namespace, 'OldestAge', { Bucket: bucket });

  const alarms = {};
  /** `mended`: whether OK means that all is well again, and so is worth an email; it is not where OK only means that an hour has passed. */
  const add = (id, name, { mended, ...properties }) => {
    alarms[id] = {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        AlarmName: `data-pipeline-${stage}-${name}`,
        ...properties,
        AlarmDescription: `${properties.AlarmDescription} More: docs/OPERATIONS.md, "Alarms", ${name}.`,
        AlarmActions: [{ Ref: 'AlarmTopic' }],
        ...(mended ? { OKActions: [{ Ref: 'AlarmTopic' }] } : {}),
      },
    };
  };

  add('FailureQueueAlarm', 'failure-queue', {
    AlarmDescription:
      'Work was given up: a function failed on an object three times, and its event lies in the failure queue. The object itself is still in its bucket; nothing is lost. ' +
      'First: run the saved query "failures and their causes". When the cause is mended, start the queue\'s redrive to the redrive queue. This alarm calls again only after the queue was empty.',
    ...queue('ApproximateNumberOfMessagesVisible', 'FailureQueue'),
    Statistic: 'Maximum',
    Period: 5 * MINUTE,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    // SQS stops counting a queue that was empty and untouched for six hours.
    TreatMissingData: 'notBreaching',
    mended: true,
  });

  add('RedriveQueueAlarm', 'redrive-queue', {
    AlarmDescription:
      'Events that were sent again from the failure queue have waited in the redrive queue for two hours: the sweep function does not take them. ' +
      'First: look at the logs of sweep; is its trigger on the redrive queue enabled?',
    ...queue('ApproximateAgeOfOldestMessage', 'RedriveQueue'),
    Statistic: 'Maximum',
    Period: 5 * MINUTE,
    EvaluationPeriods: 1,
    Threshold: 2 * HOUR,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
    mended: true,
  });

  add('RejectsQueueAlarm', 'rejects-queue', {
    AlarmDescription:
      'People have not been told of a reject for four hours: the notify function does not get through with what waits in the rejects queue. The rejects themselves are safe in the unprocessable bucket. ' +
      'First: run the saved query "failures and their causes" for notify; no line at all: is its trigger on the queue enabled?',
    ...queue('ApproximateAgeOfOldestMessage', 'RejectsQueue'),
    Statistic: 'Maximum',
    Period: 5 * MINUTE,
    EvaluationPeriods: 1,
    // What is still worked on after two hours is told as far as it is known.
    Threshold: 4 * HOUR,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
    mended: true,
  });

  for (const name of FUNCTIONS) {
    add(`${pascal(name)}ErrorsAlarm`, `errors-${name}`, {
      AlarmDescription:
        `${name} failed three times within an hour: one object that failed at every attempt, or several that failed once (a single failure is retried, and no reason to call). ` +
        'First: run the saved query "failures and their causes". S3 or the network: wait, the retries and the sweep mend it. Access denied, configuration or a panic: the last deployment is to blame.',
      ...lambda('Errors', name),
      Statistic: 'Sum',
      // Three attempts of fifteen minutes and the pauses between them fit into an hour.
      Period: HOUR,
      EvaluationPeriods: 1,
      Threshold: 3,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      mended: false,
    });
  }

  // Without sweep: its schedule and its queue may meet, which is harmless, and if it never gets its turn the sweep alarm says so.
  add('ThrottlesAlarm', 'throttles', {
    AlarmDescription:
      'Lambda has refused to start one of the four stages again and again for an hour: more objects arrive than may be worked on at once. Nothing is lost, events wait for up to six hours; files come late. ' +
      'First: the dashboard shows which function. Reserved concurrency set too low, or the account\'s limit used up by something else?',
    Metrics: [
      ...STAGE_FUNCTIONS.map((name, index) => fetched(`t${index}`, lambda('Throttles', name), 'Sum', 15 * MINUTE)),
      compared('SUM(METRICS())', 'throttles of the four stages'),
    ],
    // A burst is throttled and worked off within minutes.
    EvaluationPeriods: 4,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
    mended: true,
  });

  add('SlowAlarm', 'slow', {
    AlarmDescription:
      'A function has worked longer than 80 % of the time it has. One minute before its time is over it gives up, so a somewhat larger file will never get through. ' +
      'First: run the saved queries "slowest files" and "largest files". A file that is larger than usual: more memory in serverless.yml is more CPU, or ask the supplier for smaller files.',
    Metrics: [
      ...FUNCTIONS.map((name, index) => fetched(`d${index}`, lambda('Duration', name), 'Maximum', 15 * MINUTE)),
      ...FUNCTIONS.map((name, index) => ({ Id: `p${index}`, ReturnData: false, Expression: `d${index} / ${timeouts[name] * 10}`, Label: name })),
      compared(`MAX([${FUNCTIONS.map((_, index) => `p${index}`)}])`, 'per cent of the time-out'),
    ],
    EvaluationPeriods: 1,
    Threshold: 80,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
    mended: false,
  });

  for (const [bucket, worker] of Object.entries(WAITING_FOR)) {
    add(`Stuck${pascal(bucket)}Alarm`, `stuck-${bucket}`, {
      AlarmDescription:
        `An object has waited in the ${bucket} bucket for more than ${monitoring.stuckHours} hours, although the sweep sends it to ${worker} again. ` +
        `First: run the saved query "failures and their causes" for ${worker}; no line at all: is the bucket's trigger there, does the function start?`,
      ...swept(bucket),
      Statistic: 'Maximum',
      Period: 15 * MINUTE,
      EvaluationPeriods: 1,
      Threshold: monitoring.stuckHours * HOUR,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'ignore',
      mended: true,
    });
  }

  if (monitoring.importerHours > 0) {
    add('ImporterAlarm', 'importer', {
      AlarmDescription:
        `A file has lain in amr-data for more than ${monitoring.importerHours} hours, and no importer has taken it. Either an area that no importer knows (mistyped address?), or the importer does not run. ` +
        'First: list the bucket without archive-*: one prefix alone points to the area, all of them point to the importer.',
      ...swept('amr-data'),
      Statistic: 'Maximum',
      Period: 15 * MINUTE,
      EvaluationPeriods: 1,
      Threshold: monitoring.importerHours * HOUR,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'ignore',
      mended: true,
    });
  }

  if (monitoring.rejects > 0) {
    add('RejectsAlarm', 'rejects', {
      AlarmDescription:
        `${monitoring.rejects} or more files could not become CSV within an hour (logos, calendars and signatures, not-data, are not counted). They are kept in the unprocessable bucket, with the reason. ` +
        'First: run the saved query "rejects by area and reason". One supplier: tell them what the reason says. All suppliers: look at what changed here.',
      ...metric(namespace, 'RejectsToLookAt'),
      Statistic: 'Sum',
      Period: HOUR,
      EvaluationPeriods: 1,
      Threshold: monitoring.rejects,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      mended: false,
    });
  }

  if (monitoring.noEmailHours > 0) {
    add('NoEmailAlarm', 'no-email', {
      AlarmDescription:
        `No email has been unpacked for ${monitoring.noEmailHours} hours (a new deployment says so until its first email). ` +
        'First: send an email to any area yourself. It arrives: the suppliers are silent. It does not: MX record, SES receipt rule set active, SES identity verified, inbox policy, in this order.',
      Metrics: [
        // Those that came to an end: one that fails again and again is no sign of life.
        ...['done', 'partly', 'rejected', 'no-files'].map((Outcome, index) =>
          fetched(`e${index}`, metric(namespace, 'Objects', { Stage: 'unpack-attachments', Outcome }), 'Sum', HOUR)),
        { Id: 'emails', ReturnData: false, Expression: 'SUM(METRICS())' },
        // Without FILL the alarm would look further back than it says, at the last hours that had an email.
        compared('FILL(emails, 0)', 'emails an hour'),
      ],
      // Periods of an hour may go back seven days, shorter ones a day.
      EvaluationPeriods: monitoring.noEmailHours,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
      mended: true,
    });
  }

  add('SweepAlarm', 'sweep', {
    AlarmDescription:
      'For an hour the sweep, which runs every 15 minutes, has not reported how old the oldest object of every bucket is (a new deployment says so until its first run). Stuck work may not be sent again, and the alarms stuck-* and importer know nothing new. ' +
      'First: look at the logs of sweep. No line at all: is its schedule enabled? Buckets that it did not get through: it needs more time or memory in serverless.yml.',
    Metrics: [
      ...SWEPT.map((bucket, index) => fetched(`s${index}`, swept(bucket), 'SampleCount', 15 * MINUTE)),
      { Id: 'reports', ReturnData: false, Expression: 'SUM(METRICS())' },
      compared('FILL(reports, 0)', 'buckets reported'),
    ],
    // A run may fall into the next quarter of an hour, but not four of them.
    EvaluationPeriods: 4,
    Threshold: SWEPT.length,
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'breaching',
    mended: true,
  });

  return alarms;
};

module.exports = { alarms, SWEPT };
