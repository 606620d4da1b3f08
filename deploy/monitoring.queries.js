'use strict';
// Saved queries of CloudWatch Logs Insights: the questions that an operator asks of the logs. They are found in one folder, named
// after the deployment. Their fields are those that crates/pipeline-core/src/telemetry.rs writes; tests/aws/test_monitoring.py compares.

const { FUNCTIONS } = require('./settings.js');

const QUERIES = {
  EmailStory: {
    name: "an email's story",
    text: [
      "# What became of an email and of everything in it. Put its key in the inbox bucket in place of EMAIL'S KEY, twice, and choose a time range from its arrival on.",
      'fields @timestamp, stage, outcome, reason_code, key, first_file, rejected_to, cause',
      'filter message_key = "EMAIL\'S KEY" or key = "EMAIL\'S KEY"',
      'sort @timestamp asc',
      'limit 1000',
    ],
  },
  FileStory: {
    name: "a file's story",
    text: [
      '# Everything that happened to a file: put its name, its key or a part of either in place of FILE, three times. message_key leads to its email.',
      'fields @timestamp, stage, outcome, reason_code, key, first_file, rejected_to, message_key, cause',
      'filter key like "FILE" or first_file like "FILE" or rejected_to like "FILE"',
      'sort @timestamp asc',
      'limit 1000',
    ],
  },
  Rejects: {
    name: 'rejects, newest first',
    text: [
      'fields @timestamp, area, reason_code, rejected_to, message_key',
      'filter ispresent(reason_code) and reason_code != "not-data"',
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  RejectsByArea: {
    name: 'rejects by area and reason',
    text: [
      '# The sentence with the reason is in the metadata of the object that rejected_to names, in the unprocessable bucket.',
      'filter ispresent(reason_code)',
      'stats count(*) as rejects, latest(rejected_to) as newest by area, reason_code',
      'sort rejects desc',
    ],
  },
  Failures: {
    name: 'failures and their causes',
    text: [
      '# Attempts that failed. A retry may have mended them: the object is then no longer in its bucket.',
      'fields @timestamp, stage, error_type, cause, key, @message',
      'filter level = "ERROR" or @message like /Task timed out|Runtime exited/',
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  Sweep: {
    name: 'what the sweep found',
    text: [
      '# What waited in each bucket at every run of the sweep, and each object that it sent again.',
      'fields @timestamp, bucket, waiting, oldest_age_s / 3600 as oldest_hours, sent_again, left, key, age_s / 3600 as hours, cause',
      'filter waiting > 0 or ispresent(age_s) or ispresent(left)',
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  SlowestFiles: {
    name: 'slowest files',
    text: [
      'fields @timestamp, stage, duration_ms / 1000 as seconds, bytes_in, files, outcome, key',
      'filter ispresent(duration_ms)',
      'sort duration_ms desc',
      'limit 50',
    ],
  },
  LargestFiles: {
    name: 'largest files',
    text: [
      'fields @timestamp, stage, bytes_in, bytes_out, duration_ms / 1000 as seconds, outcome, key',
      'filter ispresent(bytes_in)',
      'sort bytes_in desc',
      'limit 50',
    ],
  },
};

/** A query as Logs Insights reads it: comments on lines of their own, commands piped. */
const queryString = ({ text }) => {
  const comments = text.filter((line) => line.startsWith('#'));
  const commands = text.filter((line) => !line.startsWith('#'));
  return [...comments, commands.join('\n| ')].join('\n');
};

/** A query as a widget of a dashboard has it: with its log groups, without comments, and no more lines than fit. */
const widgetQuery = ({ functionNames }, name, columns, limit) => {
  const sources = FUNCTIONS.map((of) => `SOURCE '/aws/lambda/${functionNames[of]}'`);
  const commands = QUERIES[name].text.filter((line) => !/^(#|fields |limit )/.test(line));
  return [...sources, `fields ${columns.join(', ')}`, ...commands, `limit ${limit}`].join(' | ');
};

/** The logical id that Serverless gives a function's log group. */
const logGroup = (name) => `${name.charAt(0).toUpperCase()}${name.slice(1).replace(/-/g, 'Dash')}LogGroup`;

/** The saved queries of a deployment, by logical id. */
const queries = ({ stage }) =>
  Object.fromEntries(
    Object.entries(QUERIES).map(([id, query]) => [
      `${id}Query`,
      {
        Type: 'AWS::Logs::QueryDefinition',
        Properties: {
          Name: `data-pipeline-${stage}/${query.name}`,
          QueryString: queryString(query),
          LogGroupNames: FUNCTIONS.map((name) => ({ Ref: logGroup(name) })),
        },
      },
    ]),
  );

module.exports = { queries, widgetQuery };
