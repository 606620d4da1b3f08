//! Buckets on an embedded S3, the stages that fill them, and a server on loopback that speaks for SNS and SES.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

mod aws_api;

use std::time::Duration;

use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
use notify::{Mailbox, Mailer, Notify, NotifyError, Replies, Settings, Topic};
use pipeline_core::event::{self, Record};
use pipeline_core::{Bucket, Limits, Stage, Step, Vars};
use process_file::ProcessFile;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uncompress_file::UncompressFile;
use unpack_attachments::{Timeouts, UnpackAttachments, UnpackConfig};

pub use aws_api::{AwsApi, Form};

pub const READINGS: &[u8] = b"MPR,Date,hr0030,hr0100\n9100000001,23/03/2025,0.1,0.2\n";
pub const INVOICE: &[u8] = b"%PDF-1.7\nan invoice";

/// What SES puts above an email of a sender that it has confirmed.
const TOP: &str = "Return-Path: <readings@supplier.example>\r\n\
    Received: from mx.supplier.example by inbound-smtp.eu-west-2.amazonaws.com for sheffield@example.org; Sun, 23 Mar 2025 10:11:12 +0000\r\n\
    X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\n\
    Authentication-Results: amazonses.com; spf=pass; dkim=pass header.i=@supplier.example; dmarc=pass\r\n";

/// Everything that the function needs, and what it sends.
pub struct Bench {
    pub buckets: step_bench::Bench,
    pub aws: AwsApi,
}

impl Bench {
    pub async fn start() -> Self {
        Self {
            buckets: step_bench::Bench::start().await,
            aws: AwsApi::start(),
        }
    }

    /// The function; it answers suppliers.
    pub fn notify(&self) -> Notify {
        self.notify_with(Some("data@example.org"))
    }

    pub fn notify_with(&self, reply_from: Option<&str>) -> Notify {
        let from = reply_from.map(|from| Mailbox::parse(from).unwrap());
        let settings = Settings {
            buckets: self.buckets.config.buckets.clone(),
            stage: "test".to_owned(),
            topic: "arn:aws:sns:eu-west-2:123456789012:rejects".to_owned(),
            mail_domains: vec!["example.org".to_owned()],
            replies: from.clone().map(|from| Replies { from, region: None }),
        };
        let credentials = || Credentials::new("id", "secret", None, None, "test");
        let sns = aws_sdk_sns::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(self.aws.endpoint())
            .region(Region::new("eu-west-2"))
            .credentials_provider(credentials());
        let ses = aws_sdk_ses::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(self.aws.endpoint())
            .region(Region::new("eu-west-2"))
            .credentials_provider(credentials());
        let topic = Topic::new(aws_sdk_sns::Client::from_conf(sns.build()), settings.topic.clone());
        let mailer = from.map(|from| Mailer::new(aws_sdk_ses::Client::from_conf(ses.build()), from));
        Notify::new(self.buckets.store.clone(), settings, topic, mailer)
    }

    /// Receives an email with these files, and lets the first stage unpack it.
    pub async fn receive(&self, key: &str, files: &[(&str, &[u8])]) {
        self.receive_with(key, TOP, files).await;
    }

    /// The same under another top.
    pub async fn receive_with(&self, key: &str, top: &str, files: &[(&str, &[u8])]) {
        let mut email = format!(
            "{top}From: Readings <readings@supplier.example>\r\nTo: sheffield@example.org\r\nSubject: Readings\r\nMessage-ID: <{key}@supplier.example>\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        )
        .into_bytes();
        for (name, bytes) in files {
            let head = format!(
                "--x\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: binary\r\n\r\n"
            );
            email.extend([head.as_bytes(), bytes, b"\r\n"].concat());
        }
        email.extend(b"--x--\r\n");
        self.buckets.drop_file(Bucket::Inbox, key, &email).await;
        self.work(Stage::UnpackAttachments).await;
    }

    /// Lets the other stages work until nothing waits.
    pub async fn finish(&self) {
        for _ in 0..4 {
            for stage in [Stage::ProcessFile, Stage::UncompressFile] {
                self.work(stage).await;
            }
        }
    }

    async fn work(&self, stage: Stage) {
        let config = &self.buckets.config;
        match stage {
            Stage::UnpackAttachments => {
                let unpack = UnpackConfig {
                    mail_domains: vec!["example.org".to_owned()],
                    ..UnpackConfig::default()
                };
                self.run_all(UnpackAttachments::new(unpack, Limits::default(), Timeouts::default()))
                    .await;
            }
            Stage::UncompressFile => self.run_all(UncompressFile::new(Limits::default())).await,
            _ => {
                let mut vars = Vars::new(|_| None);
                self.run_all(ProcessFile::read(&mut vars, config)).await;
            }
        }
    }

    async fn run_all(&self, step: impl Step) {
        let bucket = step.stage().source();
        let runner = self.buckets.runner_of(step);
        for key in self.buckets.keys(bucket).await {
            runner.handle(&self.buckets.event(bucket, &key), None).await.unwrap();
        }
    }

    /// Tells the function of everything that lies in unprocessable, each in a message of its own that is called like the object; what has to
    /// come again is the answer.
    pub async fn tell(&self) -> Vec<String> {
        self.tell_in(Duration::ZERO).await
    }

    /// The same so much later.
    pub async fn tell_in(&self, later: Duration) -> Vec<String> {
        again(&self.tell_by(&self.notify(), later).await.unwrap())
    }

    pub async fn tell_by(&self, notify: &Notify, later: Duration) -> Result<Value, NotifyError> {
        let decoded = event::decode(&self.messages().await).unwrap();
        notify.run(decoded, OffsetDateTime::now_utc() + later, None).await
    }

    async fn messages(&self) -> Value {
        let bucket = self.buckets.config.buckets.name(Bucket::Unprocessable);
        let rejects = self.buckets.store.list(Bucket::Unprocessable, "").await.unwrap();
        let message = |object| {
            let body = Record::of_listed(bucket, object).to_event("eu-west-2").to_string();
            json!({"messageId": object.key.as_str(), "eventSource": "aws:sqs", "body": body})
        };
        json!({"Records": rejects.iter().map(message).collect::<Vec<_>>()})
    }

    /// The letters to operators since the last call: subject and body.
    pub fn letters(&self) -> Vec<(String, String)> {
        let letter = |form: Form| (form["Subject"].clone(), form["Message"].clone());
        self.aws.take("Publish").into_iter().map(letter).collect()
    }

    /// The replies since the last call: recipient and letter.
    pub fn replies(&self) -> Vec<(String, String)> {
        let reply = |form: Form| {
            let letter = base64_simd::STANDARD.decode_to_vec(&form["RawMessage.Data"]).unwrap();
            (
                form["Destinations.member.1"].clone(),
                String::from_utf8(letter).unwrap(),
            )
        };
        self.aws.take("SendRawEmail").into_iter().map(reply).collect()
    }

    /// What the function keeps for itself: keys and contents.
    pub async fn notes(&self) -> Vec<(String, String)> {
        let mut notes = Vec::new();
        for key in self.buckets.keys(Bucket::Receipts).await {
            if key.starts_with(notify::PREFIX) {
                let content = self.buckets.content(Bucket::Receipts, &key).await;
                notes.push((key, String::from_utf8(content.to_vec()).unwrap()));
            }
        }
        notes
    }
}

/// The messages that come again.
pub fn again(answer: &Value) -> Vec<String> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
        .collect()
}
