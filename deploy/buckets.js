'use strict';
// The seven buckets and who may come to them. Four are made by the `functions:` events of serverless.yml under the logical ids that
// Serverless gives them; Serverless merges what stands here into those. The ids of amr-data, unprocessable and the inbox's policy are
// those of the pipeline in Ruby, so that a deployment updates its stack in place. (A bucket can have one policy: were the inbox's
// policy to change its id, CloudFormation would try to make the new one beside the old one, and fail.)

const { BUCKETS } = require('./settings.js');
const { receiptRuleCondition } = require('./mail.js');

/** Buckets that Serverless makes no trigger of. */
const OWN_IDS = { 'amr-data': 'S3BucketAmrData', unprocessable: 'S3BucketUnprocessable', receipts: 'S3BucketReceipts' };

/** The logical id of a bucket; without an id of its own, the one that Serverless makes of its name. */
const bucketId = (role, name) => OWN_IDS[role] ?? `S3Bucket${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll('-', '')}`;

/** `amr-data` as logical ids spell it: AmrData. */
const pascal = (role) => role.replace(/(^|-)([a-z])/g, (_, __, letter) => letter.toUpperCase());

/** People are told of what is put aside. */
const toRejectsQueue = { QueueConfigurations: [{ Event: 's3:ObjectCreated:*', Queue: { 'Fn::GetAtt': ['RejectsQueue', 'Arn'] } }] };

function bucket(role, { bucketNames, expiry }) {
  const rules = [{ Id: 'abort-incomplete-uploads', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }];
  if (expiry[role]) rules.push({ Id: 'expire', Status: 'Enabled', ExpirationInDays: expiry[role] });
  return {
    Type: 'AWS::S3::Bucket',
    // S3 tries the queue when it is told of it.
    ...(role === 'unprocessable' ? { DependsOn: ['RejectsQueuePolicy'] } : {}),
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      BucketName: bucketNames[role],
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      LifecycleConfiguration: { Rules: rules },
      ...(role === 'unprocessable' ? { NotificationConfiguration: toRejectsQueue } : {}),
    },
  };
}

function policy(role, settings) {
  const name = settings.bucketNames[role];
  const arns = ['', '/*'].map((rest) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${name}${rest}` }));
  const statements = [{
    Sid: 'NothingWithoutTLS',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: arns,
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  }];
  if (role === 'inbox') {
    statements.push({
      Sid: 'EmailsFromSES',
      Effect: 'Allow',
      Principal: { Service: 'ses.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: arns[1],
      Condition: receiptRuleCondition(settings.mail),
    });
  }
  return {
    Type: 'AWS::S3::BucketPolicy',
    Properties: { Bucket: { Ref: bucketId(role, name) }, PolicyDocument: { Version: '2012-10-17', Statement: statements } },
  };
}

module.exports = async ({ resolveVariable }) => {
  const settings = await resolveVariable('self:custom.settings');
  const entries = BUCKETS.flatMap((role) => [
    [bucketId(role, settings.bucketNames[role]), bucket(role, settings)],
    [`${pascal(role)}S3Policy`, policy(role, settings)],
  ]);
  const outputs = BUCKETS.map((role) => [`${pascal(role)}Bucket`, { Value: settings.bucketNames[role] }]);
  return { Resources: Object.fromEntries(entries), Outputs: Object.fromEntries(outputs) };
};
