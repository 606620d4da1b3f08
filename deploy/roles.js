'use strict';
// One role per function, which may do what the function does and nothing else. What that is of S3, the code declares:
// permissions.json is written and kept true by a test of pipeline-core.

const { FUNCTIONS, STAGE_FUNCTIONS } = require('./settings.js');
const permissions = require('./permissions.json');

/** Actions on a bucket; all others are on its objects. Without `s3:ListBucket` S3 answers 403 where an object is missing, not 404. */
const BUCKET_ACTIONS = ['s3:ListBucket'];

const pascal = (name) => name.replace(/(^|-)([a-z])/g, (_, __, letter) => letter.toUpperCase());
const allow = (actions, resources) => ({ Effect: 'Allow', Action: actions, Resource: resources });
// Composed, not referred to: the functions refer to their roles already, and CloudFormation takes no circles.
const arn = (service, resource) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}` });
const bucketArn = (name) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${name}` });

function s3(name, bucketNames) {
  return Object.entries(permissions[name]).flatMap(([role, actions]) => {
    const ofBucket = actions.filter((action) => BUCKET_ACTIONS.includes(action));
    const ofObjects = actions.filter((action) => !BUCKET_ACTIONS.includes(action));
    return [
      ...(ofObjects.length > 0 ? [allow(ofObjects, [bucketArn(`${bucketNames[role]}/*`)])] : []),
      ...(ofBucket.length > 0 ? [allow(ofBucket, [bucketArn(bucketNames[role])])] : []),
    ];
  });
}

/** What the functions that are no stages may do besides. */
const others = {
  sweep: ({ functionNames }) => [
    allow(['lambda:InvokeFunction'], STAGE_FUNCTIONS.map((stage) => arn('lambda', `function:${functionNames[stage]}`))),
    ...consuming('RedriveQueue'),
  ],
  notify: ({ replies }) => [
    ...consuming('RejectsQueue'),
    allow(['sns:Publish'], [{ Ref: 'RejectsTopic' }]),
    ...(replies ? [replying(replies)] : []),
  ],
};

const consuming = (queue) => [allow(['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'], [{ 'Fn::GetAtt': [queue, 'Arn'] }])];

/** Letters from the one address; SES looks for an identity of the address, then of its domain. */
function replying({ from, domain, region }) {
  const identity = (name) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:ses:${region}:\${AWS::AccountId}:identity/${name}` });
  return {
    ...allow(['ses:SendRawEmail'], [identity(from), identity(domain)]),
    Condition: { StringEquals: { 'ses:FromAddress': from } },
  };
}

function role(name, settings) {
  const { functionNames, bucketNames, tracing } = settings;
  const statements = [
    allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [arn('logs', `log-group:/aws/lambda/${functionNames[name]}:*`)]),
    ...s3(name, bucketNames),
    allow(['sqs:SendMessage'], [{ 'Fn::GetAtt': ['FailureQueue', 'Arn'] }]),
  ];
  statements.push(...(others[name]?.(settings) ?? []));
  // X-Ray knows no resources.
  if (tracing) statements.push(allow(['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], ['*']));
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      Description: `What ${functionNames[name]} may do`,
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      Policies: [{ PolicyName: name, PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
    },
  };
}

module.exports = async ({ resolveVariable }) => {
  const settings = await resolveVariable('self:custom.settings');
  return { Resources: Object.fromEntries(FUNCTIONS.map((name) => [`${pascal(name)}Role`, role(name, settings)])) };
};
