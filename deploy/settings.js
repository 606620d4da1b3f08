'use strict';
// What an operator may set: from the environment and `.env.<stage>`, checked, every problem reported together. `.env.example` explains
// each variable. serverless.yml has the result as `custom.settings`, and so do the other modules of this folder.

const { existsSync } = require('node:fs');

const { Variables } = require('./variables.js');

const STAGES = ['development', 'test', 'production'];
/** The buckets' roles, in the order of the flow. */
const BUCKETS = ['inbox', 'process', 'uncompressed', 'spreadsheet', 'amr-data', 'unprocessable', 'receipts'];
/** The stages: the functions that are triggered by a bucket. */
const STAGE_FUNCTIONS = ['unpack-attachments', 'process-file', 'uncompress-file', 'convert-file'];
const FUNCTIONS = [...STAGE_FUNCTIONS, 'sweep', 'notify'];

const LOG_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
const LIMITS = ['LIMIT_MEMBERS', 'LIMIT_FILE_BYTES', 'LIMIT_ARCHIVE_BYTES', 'LIMIT_MEMBER_BYTES', 'LIMIT_UNPACKED_BYTES',
  'LIMIT_EMAIL_BYTES', 'LIMIT_DOWNLOAD_BYTES', 'LIMIT_SHEET_CELLS', 'LIMIT_TEXT_BYTES', 'LIMIT_SHARED_TEXTS_BYTES', 'LIMIT_ROW_BYTES'];
/** What Lambda allows for the names and values of a function's variables. */
const MOST_ENVIRONMENT_BYTES = 4096;

/** An alarm can look back seven days. */
const MOST_ALARM_HOURS = 7 * 24;

const ADDRESS = /^[^@\s]+@[^@\s]+\.[^@\s.]+$/;
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/;
const SES_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/** `convert-file` as variables spell it: CONVERT_FILE. */
const upper = (name) => name.replaceAll('-', '_').toUpperCase();

function readStage(vars, stage) {
  // Function names have at most 64 characters, and `.env.<stage>` tells a stage of one's own from a typing error.
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stage)) {
    vars.problem(`the stage "${stage}" is not a name of at most 20 lower-case letters, digits and hyphens`);
  } else if (!STAGES.includes(stage) && !existsSync(`.env.${stage}`)) {
    vars.problem(`the stage "${stage}" is none of ${STAGES.join(', ')}; a stage of your own needs a file .env.${stage}`);
  }
  return stage;
}

function readBucketNames(vars, stage) {
  // S3 keeps some beginnings for itself ("Bucket naming rules").
  const pattern = /^(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]*$/;
  const prefix = vars.matching('BUCKET_PREFIX', pattern, 'a name of lower-case letters, digits and hyphens that S3 allows') ?? 'es';
  const names = Object.fromEntries(BUCKETS.map((role) => [role, `${prefix}-${stage}-data-${role}`]));
  for (const name of Object.values(names)) {
    if (name.length > 63) vars.problem(`BUCKET_PREFIX is too long: ${name} has more than the 63 characters that S3 allows`);
  }
  return names;
}

/** After how many days objects are deleted, for the buckets in which anything is. */
function readExpiry(vars) {
  const days = (role) => vars.wholeNumber(`${upper(role)}_EXPIRY_DAYS`, 1) ?? 400;
  const expiry = { inbox: days('inbox'), unprocessable: days('unprocessable'), receipts: days('receipts') };
  const sweep = vars.wholeNumber('SWEEP_INBOX_DAYS', 1) ?? 14;
  if (expiry.receipts < expiry.inbox) {
    vars.problem(`RECEIPTS_EXPIRY_DAYS (${expiry.receipts}) is less than INBOX_EXPIRY_DAYS (${expiry.inbox}): emails without their receipts would be unpacked again`);
  }
  if (expiry.inbox <= sweep) {
    vars.problem(`INBOX_EXPIRY_DAYS (${expiry.inbox}) is not more than SWEEP_INBOX_DAYS (${sweep}): emails that failed would expire while they are still tried again`);
  }
  return expiry;
}

/** Who writes emails into the inbox: our receipt rule, an operator's own rule, or whichever rule of the account is made later. */
function readMail(vars, stage, region) {
  const named = vars.matching('SES_REGION', REGION, 'a region such as eu-west-1');
  const sesRegion = named ?? region;
  const ruleSet = vars.matching('RECEIPT_RULE_SET', SES_NAME, "a receipt rule set's name");
  const ownRule = vars.matching('RECEIPT_RULE', SES_NAME, "a receipt rule's name");
  const domains = vars.list('MAIL_DOMAINS').map((domain) => domain.replace(/^@/, '').replace(/\.+$/, '').toLowerCase());
  for (const domain of domains.filter((name) => !DOMAIN.test(name))) vars.problem(`MAIL_DOMAINS has "${domain}", which is no domain`);
  if (ownRule && !ruleSet) vars.problem('RECEIPT_RULE is set, but not the RECEIPT_RULE_SET that it is in');

  const makesRule = Boolean(ruleSet && domains.length > 0 && !ownRule);
  const rule = ownRule ?? (makesRule ? `data-pipeline-${stage}` : undefined);
  // Where a rule that is not ours stands, only SES_REGION tells.
  const ruleRegion = makesRule ? sesRegion : named;
  return { region: sesRegion, elsewhere: sesRegion !== region, domains, ruleSet, rule, ruleRegion, makesRule };
}

/** The functions' variables as they read them; their values are checked here, so that a deployment fails rather than its functions. */
function readEnvironment(vars, stage, bucketNames, functionNames, replies) {
  const asSet = (names) => Object.fromEntries(names.map((name) => [name, vars.get(name)]).filter(([, value]) => value !== undefined));

  vars.oneOf('KEY_LAYOUT', ['flat', 'dated']);
  vars.oneOf('SHEETS', ['first', 'all']);
  vars.oneOf('REJECT_SPAM', ['true', 'false']);
  vars.oneOf('LOG_LEVEL', ['error', 'warn', 'info', 'debug', 'trace']);
  // AWS stops a chain in which one function is invoked for the 16th time, and each level takes a round through process-file.
  vars.wholeNumber('LIMIT_DEPTH', 1, 12);
  for (const limit of LIMITS) vars.wholeNumber(limit, 1);
  vars.wholeNumber('SWEEP_AFTER_MINUTES', 1);
  // 0: it only watches.
  vars.wholeNumber('SWEEP_LIMIT', 0);
  vars.matching('SWEEP_SINCE', TIME, 'a time such as 2026-11-21T08:00:00Z');
  for (const area of vars.list('AREAS')) {
    if (/[/\\]|^archive-/i.test(area)) vars.problem(`AREAS has "${area}", which cannot be an area`);
  }
  for (const link of [...vars.list('DOWNLOAD_LINKS'), ...vars.list('ROLLBAR_ENDPOINT')]) {
    if (!/^https?:\/\/[^/]/.test(link)) vars.problem(`"${link}" of DOWNLOAD_LINKS or ROLLBAR_ENDPOINT is no address that starts with https://`);
  }

  const environment = {
    every: {
      ...Object.fromEntries(BUCKETS.map((role) => [`${upper(role)}_BUCKET`, bucketNames[role]])),
      METRICS_NAMESPACE: bucketNames.inbox.replace(/-data-inbox$/, '-data-pipeline'),
      ROLLBAR_ENVIRONMENT: stage,
      ...asSet(['ROLLBAR_ACCESS_TOKEN', 'ROLLBAR_ENDPOINT', 'LOG_LEVEL', 'KEY_LAYOUT', 'LIMIT_DEPTH', ...LIMITS]),
    },
    'unpack-attachments': asSet(['MAIL_DOMAINS', 'AREAS', 'DOWNLOAD_LINKS', 'REJECT_SPAM']),
    'convert-file': asSet(['SHEETS']),
    sweep: {
      ...Object.fromEntries(STAGE_FUNCTIONS.map((name) => [`${upper(name)}_FUNCTION`, functionNames[name]])),
      ...asSet(['SWEEP_AFTER_MINUTES', 'SWEEP_INBOX_DAYS', 'SWEEP_LIMIT', 'SWEEP_SINCE']),
    },
    notify: {
      STAGE: stage,
      REJECTS_TOPIC_ARN: { Ref: 'RejectsTopic' },
      ...(replies ? { REPLY_REGION: replies.region } : {}),
      ...asSet(['MAIL_DOMAINS', 'REPLY_TO_SUPPLIERS', 'REPLY_FROM']),
    },
  };
  for (const name of FUNCTIONS) {
    const entries = Object.entries({ ...environment.every, ...environment[name] });
    const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0);
    if (bytes > MOST_ENVIRONMENT_BYTES) {
      vars.problem(`the variables of ${name} have ${bytes} bytes, and Lambda allows ${MOST_ENVIRONMENT_BYTES}: a shorter AREAS or DOWNLOAD_LINKS is wanted`);
    }
  }
  return environment;
}

/** Whether suppliers are told what could not be used, by whom, and from which region: where the emails are received, the domain is verified. */
function readReplies(vars, mail) {
  const wanted = vars.oneOf('REPLY_TO_SUPPLIERS', ['true', 'false']) === 'true';
  const from = vars.matching('REPLY_FROM', ADDRESS, 'an email address') ?? '';
  if (!wanted) return undefined;
  if (!from) vars.problem('REPLY_TO_SUPPLIERS is true, but REPLY_FROM is not set');
  return { from, domain: from.split('@').at(-1).toLowerCase(), region: mail.region };
}

/** Who is told when something is wrong, and what counts as wrong. */
function readMonitoring(vars, stage) {
  const addresses = vars.list('ALARM_EMAILS');
  for (const address of addresses.filter((one) => !ADDRESS.test(one))) vars.problem(`ALARM_EMAILS has "${address}", which is no email address`);
  const rejectAddresses = vars.list('REJECT_EMAILS');
  for (const address of rejectAddresses.filter((one) => !ADDRESS.test(one))) vars.problem(`REJECT_EMAILS has "${address}", which is no email address`);

  const stuckHours = vars.wholeNumber('STUCK_ALARM_HOURS', 1) ?? 2;
  const sweepMinutes = vars.wholeNumber('SWEEP_AFTER_MINUTES', 1) ?? 60;
  if (stuckHours * 60 <= sweepMinutes) {
    vars.problem(`STUCK_ALARM_HOURS (${stuckHours}) is not more than SWEEP_AFTER_MINUTES (${sweepMinutes}): the sweep would have no time to mend anything`);
  }
  return {
    addresses: [...new Set(addresses)],
    rejectAddresses: [...new Set(rejectAddresses)],
    stuckHours,
    // 0 switches an alarm off.
    importerHours: vars.wholeNumber('IMPORTER_ALARM_HOURS', 0) ?? 36,
    rejects: vars.wholeNumber('REJECTS_ALARM_COUNT', 0) ?? 1,
    noEmailHours: vars.wholeNumber('NO_EMAIL_ALARM_HOURS', 0, MOST_ALARM_HOURS) ?? (stage === 'production' ? 24 : 0),
  };
}

/** All settings. `values` are the variables, `stage` and `regionOption` what `sls` was called with. */
function read(values, stage, regionOption) {
  const vars = new Variables(values);
  readStage(vars, stage);
  // The mail stack, and whoever comes next, would have to be told it too.
  if (regionOption) vars.problem(`--region ${regionOption} is not understood: set STACK_REGION`);
  const region = vars.matching('STACK_REGION', REGION, 'a region such as eu-west-2') ?? 'eu-west-2';
  const bucketNames = readBucketNames(vars, stage);
  const functionNames = Object.fromEntries(FUNCTIONS.map((name) => [name, `data-pipeline-${stage}-${name}`]));

  const logDays = vars.wholeNumber('LOG_RETENTION_DAYS', 1) ?? 180;
  if (!LOG_DAYS.includes(logDays)) vars.problem(`LOG_RETENTION_DAYS is "${logDays}": one of ${LOG_DAYS.join(', ')} is wanted`);

  const mail = readMail(vars, stage, region);
  const replies = readReplies(vars, mail);

  return vars.finish({
    stage,
    region,
    architecture: vars.oneOf('LAMBDA_ARCHITECTURE', ['arm64', 'x86_64']) ?? 'arm64',
    tracing: vars.oneOf('TRACING', ['true', 'false']) === 'true',
    logDays,
    bucketNames,
    functionNames,
    expiry: readExpiry(vars),
    // 0 stops a function: its events wait, for as long as maximumEventAge says.
    concurrency: Object.fromEntries(FUNCTIONS.map((name) => [name, vars.wholeNumber(`CONCURRENCY_${upper(name)}`, 0, 10_000)])),
    mail,
    replies,
    environment: readEnvironment(vars, stage, bucketNames, functionNames, replies),
    monitoring: readMonitoring(vars, stage),
  });
}

/** Serverless calls this once, for `custom.settings`. */
module.exports = async ({ options, resolveVariable }) => read(process.env, await resolveVariable('sls:stage'), options.region);
module.exports.read = read;
module.exports.BUCKETS = BUCKETS;
module.exports.STAGE_FUNCTIONS = STAGE_FUNCTIONS;
module.exports.FUNCTIONS = FUNCTIONS;
