'use strict';
// The receipt rule by which SES stores every email to MAIL_DOMAINS in the inbox. It joins the rule set RECEIPT_RULE_SET, which is made
// and activated by hand: an account has one active set in a region, and CloudFormation cannot activate one. The rule has to be in the
// region that receives the emails: in the stack itself, or in that of serverless-mail.yml if SES_REGION is another region.

/** The condition under which the inbox lets SES in. */
module.exports.receiptRuleCondition = ({ ruleRegion, ruleSet, rule }) => {
  const arn = `arn:\${AWS::Partition}:ses:${ruleRegion ?? '*'}:\${AWS::AccountId}:receipt-rule-set/${ruleSet ?? '*'}:receipt-rule/${rule ?? '*'}`;
  return {
    StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
    // Without a rule of known name and region every rule of this account may deliver: a rule made by hand must not stop working by a
    // deployment, and SES may receive the emails in another region than the stack's.
    [arn.includes('*') ? 'ArnLike' : 'ArnEquals']: { 'aws:SourceArn': { 'Fn::Sub': arn } },
  };
};

const receiptRule = ({ mail, bucketNames }) => ({
  Type: 'AWS::SES::ReceiptRule',
  Properties: {
    RuleSetName: mail.ruleSet,
    Rule: {
      Name: mail.rule,
      Enabled: true,
      // A domain stands for all of its addresses: a new area needs no new rule.
      Recipients: mail.domains,
      // SES adds the verdicts on spam and viruses that unpack-attachments reads.
      ScanEnabled: true,
      // `Require` would bounce the emails of a supplier whose server knows no TLS.
      TlsPolicy: 'Optional',
      Actions: [{ S3Action: { BucketName: bucketNames.inbox } }],
    },
  },
});

function inWords({ rule, ruleSet, makesRule, elsewhere, region, ruleRegion }) {
  if (makesRule && elsewhere) return `receipt rule ${rule} of ${ruleSet} in ${region}: made by serverless-mail.yml`;
  if (makesRule) return `receipt rule ${rule} of ${ruleSet}`;
  if (rule) return `receipt rule ${rule} of ${ruleSet}${ruleRegion ? ` in ${ruleRegion}` : ''}: yours, not made by this stack`;
  return 'no receipt rule: MAIL_DOMAINS or RECEIPT_RULE_SET is not set';
}

/** What the pipeline's own stack has of it. */
module.exports.inStack = async ({ resolveVariable }) => {
  const settings = await resolveVariable('self:custom.settings');
  const { mail } = settings;
  const here = mail.makesRule && !mail.elsewhere;
  return {
    // SES tries the bucket when the rule is made.
    Resources: here ? { ReceiptRule: { ...receiptRule(settings), DependsOn: ['InboxS3Policy'] } } : {},
    Outputs: { Mail: { Value: inWords(mail) } },
  };
};

/** The stack of its own, in SES_REGION. */
module.exports.ownStack = async ({ resolveVariable }) => {
  const settings = await resolveVariable('self:custom.settings');
  const { mail } = settings;
  const refuse = (why) => {
    const error = new Error(`serverless-mail.yml is not wanted here: ${why}`);
    error.stack = error.message;
    throw error;
  };
  if (!mail.elsewhere) refuse('SES_REGION is not set, or is the region of the pipeline, whose own stack has the receipt rule then');
  if (!mail.makesRule) refuse('it makes a receipt rule if MAIL_DOMAINS and RECEIPT_RULE_SET are set, and RECEIPT_RULE is not');
  return { Resources: { ReceiptRule: receiptRule(settings) }, Outputs: { Mail: { Value: `receipt rule ${mail.rule} of ${mail.ruleSet}` } } };
};
