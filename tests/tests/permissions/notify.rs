//! What must happen for every permission of the function that tells people to be used.

use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
use end_to_end_tests::golden_run::Pipeline;
use end_to_end_tests::{Mail, Recorder};
use notify::{Mailbox, Mailer, Notify, Settings, Topic};
use pipeline_core::event::Decoded;
use pipeline_core::{Bucket, Key, ObjectEvent, Stage, Store};
use time::OffsetDateTime;

use crate::READINGS;
use crate::guarded::Guarded;
use crate::scenarios::archive;

/// The beginning of a workbook in SpreadsheetML 2003.
const WORKBOOK: &[u8] = b"<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n\
    <Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\"></Workbook>";

/// Emails that are finished, that are not, that are gone, and a reject that is gone.
pub(crate) async fn everything(guarded: &mut Guarded) {
    let aws = Recorder::taking_forms().await;
    let notify = notify(guarded.store_of("notify"), &aws.url());
    let mail = Mail::to("bam")
        .attach("import.csv", READINGS)
        .attach("waiting.csv", READINGS)
        .attach("march.zip", archive(b"%PDF-1.7\n"))
        .attach("march.xls", WORKBOOK)
        .attach("invoice.pdf", &b"%PDF-1.7\n"[..]);
    guarded.send("email", &mail).await;
    guarded.handle(Stage::UnpackAttachments, "email").await.unwrap();
    for key in guarded.keys(Bucket::Process).await {
        if !key.ends_with("waiting.csv") {
            guarded.handle(Stage::ProcessFile, &key).await.unwrap();
        }
    }
    tell(&notify, guarded, "bam/invoice.pdf").await;
    assert!(aws.requests().is_empty(), "the email is not finished");

    // What waited is gone, and the importer has taken the file.
    for bucket in [
        Bucket::Process,
        Bucket::Uncompressed,
        Bucket::Spreadsheet,
        Bucket::AmrData,
    ] {
        guarded.remove_all(bucket).await;
    }
    tell(&notify, guarded, "bam/invoice.pdf").await;
    assert_eq!(aws.requests().len(), 1);

    guarded
        .send("gone", &Mail::to("bath").attach("invoice.pdf", &b"%PDF-1.7\n"[..]))
        .await;
    guarded.work().await;
    guarded.remove_all(Bucket::Inbox).await;
    tell(&notify, guarded, "bath/invoice.pdf").await;
    assert_eq!(aws.requests().len(), 2);
    tell(&notify, guarded, "bath/gone.pdf").await;
    assert_eq!(aws.requests().len(), 2);
}

async fn tell(notify: &Notify, guarded: &Guarded, key: &str) {
    let object = ObjectEvent {
        bucket: guarded
            .store_of("notify")
            .buckets()
            .name(Bucket::Unprocessable)
            .to_owned(),
        key: Key::new(key),
        event_time: None,
        message_id: None,
    };
    let decoded = Decoded {
        objects: vec![object],
        ..Decoded::default()
    };
    notify.run(decoded, OffsetDateTime::now_utc(), None).await.unwrap();
}

/// It would answer senders, so that it reads emails; none of these has one who can be answered.
fn notify(store: Store, url: &str) -> Notify {
    let from = Mailbox::parse("data@example.org").unwrap();
    let settings = Settings {
        buckets: store.buckets().clone(),
        stage: "test".to_owned(),
        topic: "arn:aws:sns:eu-west-2:123456789012:rejects".to_owned(),
        mail_domains: Vec::new(),
        replies: None,
    };
    let sns = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(url)
        .region(Region::new("eu-west-2"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"));
    let topic = Topic::new(aws_sdk_sns::Client::from_conf(sns.build()), settings.topic.clone());
    let ses = aws_sdk_ses::Config::builder().behavior_version(aws_sdk_ses::config::BehaviorVersion::latest());
    let mailer = Mailer::new(aws_sdk_ses::Client::from_conf(ses.build()), from);
    Notify::new(store, settings, topic, Some(mailer))
}
