'use strict';
// Monitoring as code: where alarms go, the alarms, the dashboard and the saved queries.

const { createHash } = require('node:crypto');

const { alarms } = require('./monitoring.alarms.js');
const { queries } = require('./monitoring.queries.js');
const { dashboard } = require('./dashboard.js');
const { FUNCTIONS } = require('./settings.js');

// Named by the address: adding one to the list, or sorting it, leaves the others subscribed, who would have to confirm again.
const subscriptionId = (kind, address) => `${kind}Email${createHash('sha256').update(address).digest('hex').slice(0, 12)}`;

/** The topic that alarms are sent to, and who may do what with it. */
const topic = ({ stage, monitoring: { addresses } }) => ({
  // The key that AWS keeps for SNS, alias/aws/sns, does not let CloudWatch publish, and its policy cannot be changed.
  AlarmTopicKey: {
    Type: 'AWS::KMS::Key',
    Properties: {
      Description: `Alarms of data-pipeline-${stage}`,
      EnableKeyRotation: true,
      PendingWindowInDays: 7,
      KeyPolicy: {
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'AccountAdministersTheKey',
            Effect: 'Allow',
            Principal: { AWS: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root' } },
            Action: 'kms:*',
            Resource: '*',
          },
          {
            Sid: 'AlarmsOfThisAccountEncrypt',
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
            Resource: '*',
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
    },
  },
  AlarmTopic: {
    Type: 'AWS::SNS::Topic',
    Properties: {
      TopicName: `data-pipeline-${stage}-alarms`,
      // What the emails have as their sender's name.
      DisplayName: `data-pipeline ${stage}`,
      KmsMasterKeyId: { Ref: 'AlarmTopicKey' },
    },
  },
  AlarmTopicPolicy: {
    Type: 'AWS::SNS::TopicPolicy',
    Properties: {
      Topics: [{ Ref: 'AlarmTopic' }],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'AlarmsOfThisAccountPublish',
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
            Resource: { Ref: 'AlarmTopic' },
            Condition: {
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              ArnLike: {
                'aws:SourceArn': { 'Fn::Sub': `arn:\${AWS::Partition}:cloudwatch:\${AWS::Region}:\${AWS::AccountId}:alarm:data-pipeline-${stage}-*` },
              },
            },
          },
          {
            Sid: 'NothingWithoutTLS',
            Effect: 'Deny',
            Principal: '*',
            Action: 'sns:Publish',
            Resource: { Ref: 'AlarmTopic' },
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          },
        ],
      },
    },
  },
  ...subscriptions('Alarm', addresses),
});

/** Addresses that are subscribed to a topic. */
const subscriptions = (kind, addresses) => Object.fromEntries(addresses.map((address) => [subscriptionId(kind, address), {
  Type: 'AWS::SNS::Subscription',
  Properties: { TopicArn: { Ref: `${kind}Topic` }, Protocol: 'email', Endpoint: address },
}]));

/** The topic to which notify writes of what could not be used: one letter for an email. */
const rejectsTopic = ({ stage, monitoring: { rejectAddresses } }) => ({
  RejectsTopic: {
    Type: 'AWS::SNS::Topic',
    Properties: {
      TopicName: `data-pipeline-${stage}-rejects`,
      DisplayName: `data-pipeline ${stage}`,
      // Whoever of this account may publish may use AWS's own key by it; no service publishes here.
      KmsMasterKeyId: 'alias/aws/sns',
    },
  },
  RejectsTopicPolicy: {
    Type: 'AWS::SNS::TopicPolicy',
    Properties: {
      Topics: [{ Ref: 'RejectsTopic' }],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [{
          Sid: 'NothingWithoutTLS',
          Effect: 'Deny',
          Principal: '*',
          Action: 'sns:Publish',
          Resource: { Ref: 'RejectsTopic' },
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }],
      },
    },
  },
  ...subscriptions('Rejects', rejectAddresses),
});

/** What monitoring adds to the stack; `timeouts` are the functions', in seconds. */
const monitoring = (settings, timeouts) => {
  const ours = alarms(settings, timeouts);
  return {
    Resources: { ...topic(settings), ...rejectsTopic(settings), ...ours, ...dashboard(settings, Object.keys(ours)), ...queries(settings) },
    Outputs: {
      AlarmTopicArn: { Description: 'Where alarms are published', Value: { Ref: 'AlarmTopic' } },
      RejectsTopicArn: { Description: 'Where it is told what could not be used', Value: { Ref: 'RejectsTopic' } },
      DashboardUrl: {
        Description: 'Is it working?',
        Value: { 'Fn::Sub': 'https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}#dashboards:name=${Dashboard}' },
      },
    },
  };
};

/** Serverless calls this once, for `resources`. */
module.exports = async ({ resolveVariable }) => {
  const timeouts = FUNCTIONS.map(async (name) => [name, await resolveVariable(`self:functions.${name}.timeout`)]);
  return monitoring(await resolveVariable('self:custom.settings'), Object.fromEntries(await Promise.all(timeouts)));
};
module.exports.monitoring = monitoring;
