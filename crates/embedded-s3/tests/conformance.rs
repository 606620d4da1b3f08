//! The suite, run against the embedded server with the SDK of AWS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod suite;

use aws_sdk_s3::Client;
use embedded_s3::{Credentials, EmbeddedS3, Options};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, process};

async fn run(function: impl AsyncFnOnce(&Client, &str)) {
    if let Ok(endpoint) = env::var("SUITE_ENDPOINT") {
        return run_against(&endpoint, function).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = EmbeddedS3::start(folder.path(), Options::default()).await.unwrap();
    server.create_bucket("suite-bucket").await.unwrap();
    let Credentials {
        access_key_id,
        secret_access_key,
    } = server.credentials();
    let client = suite::client(&server.endpoint(), server.region(), access_key_id, secret_access_key);
    function(&client, "suite-bucket").await;
    server.shutdown().await;
}

/// To see whether another server, or AWS, does what the suite says that it does:
/// `SUITE_ENDPOINT=… AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… cargo test --test conformance`.
async fn run_against(endpoint: &str, function: impl AsyncFnOnce(&Client, &str)) {
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let (id, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
    let client = suite::client(endpoint, &variable("AWS_REGION"), &id, &secret);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let bucket = format!("suite-{}-{nanos}", process::id());
    client.create_bucket().bucket(&bucket).send().await.unwrap();
    function(&client, &bucket).await;
}

macro_rules! tests {
    ($($module:ident: $($name:ident),+;)+) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::run(crate::suite::$module::$name).await;
            })+
        })+
    };
}

tests! {
    objects:
        what_is_put_is_got_with_its_metadata,
        names_that_are_not_ascii_survive_as_metadata,
        an_object_without_metadata_has_the_default_type,
        last_modified_is_stable_and_has_whole_seconds,
        an_object_can_be_empty,
        a_second_put_replaces_bytes_and_metadata,
        what_is_missing_is_missing,
        ranges_are_parts_of_an_object,
        metadata_over_2_kb_is_refused,
        every_checksum_algorithm_is_verified_and_shown,
        what_arrives_damaged_is_refused,
        large_objects_are_streamed;
    conditions:
        of_racing_puts_of_a_new_key_one_wins,
        of_racing_replacements_of_one_version_one_wins,
        of_racing_copies_to_a_new_key_one_wins,
        of_racing_completions_of_a_new_key_one_wins,
        a_key_is_new_until_it_is_held_and_again_when_it_is_deleted,
        a_write_that_needs_an_object_finds_none,
        conditions_without_meaning_are_refused,
        a_deletion_can_ask_for_one_version,
        a_batch_deletion_says_what_became_of_each_key,
        reads_can_ask_for_one_version_or_for_another;
    keys:
        awkward_keys_are_kept_to_the_byte,
        awkward_keys_can_be_copied,
        keys_have_at_most_1024_bytes,
        a_key_can_be_the_beginning_of_another;
    listings:
        more_than_1000_keys_come_in_pages_each_key_once_in_order,
        keys_are_ordered_by_their_bytes,
        an_entry_shows_what_head_shows,
        a_delimiter_gives_folders,
        a_listing_can_start_anywhere,
        the_old_listing_goes_on_by_markers;
    multipart:
        parts_become_one_object,
        an_object_can_be_one_small_part_and_its_number_any,
        what_is_wrong_with_parts_is_said,
        an_aborted_upload_is_gone,
        completion_can_depend_on_what_is_there,
        a_completion_that_is_asked_for_again_makes_nothing_new,
        parts_are_listed_in_pages,
        uploads_are_listed_until_they_end,
        parts_can_be_copied_from_objects,
        a_checksum_of_checksums_needs_those_of_all_parts,
        a_checksum_of_all_bytes_is_verified_at_the_end;
    copies:
        a_copy_has_the_metadata_of_its_source_or_new_ones,
        a_copy_onto_itself_must_change_something,
        a_copy_can_depend_on_its_source_and_on_its_destination,
        a_source_must_exist,
        the_copy_of_an_object_of_parts_is_of_one;
}
