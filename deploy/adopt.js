'use strict';
// Prints a template of the stage's buckets alone, for a stack that is to take over buckets that exist already: those of a removed
// stack, or of a first deployment that failed. CloudFormation refuses to make what exists, unless it is told to import it:
//
//   npx sls package --stage test
//   node deploy/adopt.js > target/buckets.json
//   aws cloudformation create-change-set --stack-name data-pipeline-test --change-set-name adopt --change-set-type CREATE \
//     --import-existing-resources --template-body file://target/buckets.json
//   aws cloudformation wait change-set-create-complete --stack-name data-pipeline-test --change-set-name adopt
//   aws cloudformation execute-change-set --stack-name data-pipeline-test --change-set-name adopt
//   aws cloudformation wait stack-create-complete --stack-name data-pipeline-test
//   npx sls deploy --stage test
//
// Where a stack is there (`sls deploy` had begun), the type is UPDATE, and the last wait is for stack-update-complete.

const { readFileSync } = require('node:fs');

const packaged = (name) => JSON.parse(readFileSync(`.serverless/cloudformation-template-${name}-stack.json`, 'utf8'));

const template = packaged('create');
for (const [id, { Type, DeletionPolicy, UpdateReplacePolicy, Properties }] of Object.entries(packaged('update').Resources)) {
  if (Type === 'AWS::S3::Bucket' && Properties.BucketName) {
    template.Resources[id] = { Type, DeletionPolicy, UpdateReplacePolicy, Properties: { BucketName: Properties.BucketName } };
  }
}
process.stdout.write(`${JSON.stringify(template, null, 2)}\n`);
