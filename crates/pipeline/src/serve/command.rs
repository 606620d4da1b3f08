//! `pipeline serve`: starts everything, and ends it in order.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use pipeline_core::{Areas, Vars};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use smtp_server::SmtpServer;
use tokio::sync::watch;
use unpack_attachments::UnpackConfig;

use super::endpoint::Endpoint;
use super::failures::{Failed, FailureQueue};
use super::state::State;
use super::{credentials, diary, mend};
use crate::args::ServeArgs;
use crate::inbox::Inbox;
use crate::stack::LocalStack;
use crate::terminal;
use crate::web::{Desk, Parked, WebPage};

/// How long what is under way may take to finish; what does not is done again after the next start.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the pipeline until a signal comes.
///
/// # Errors
/// If the folder or an address cannot be used, or the configuration is wrong.
pub async fn serve(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let mut vars = Vars::from_env();
    terminal::init_logs(&mut vars);
    let stop = stop_signal()?;
    let unusable = || format!("the folder {} cannot be used", args.data.display());
    let options = embedded_s3::Options {
        address: args.s3,
        credentials: Some(credentials::kept(&args.data).with_context(unusable)?),
        keep_history: false,
        ..embedded_s3::Options::default()
    };
    let mut stack = LocalStack::start_with(&args.data, options, vars).await?;
    // What an earlier process left that was killed.
    Endpoint::remove(&args.data).with_context(unusable)?;
    let state = State::new(
        &args.data,
        stack.store().clone(),
        stack.config().clone(),
        FailureQueue::open(&args.data).with_context(unusable)?,
        stack.dispatcher().again(),
    );
    let unfinished = stack.unfinished().await?;
    let smtp = start_smtp(args.smtp, &state).await?;
    let web = start_web(args.web, &smtp, &state).await?;
    let endpoint = endpoint(&stack, &smtp, &web);
    endpoint.write(&args.data).with_context(unusable)?;
    greet(args, &endpoint, unfinished.len())?;

    let mending = tokio::spawn(mend::mend(state.clone(), args.mend_every));
    tokio::spawn(diary::write(state.happenings()));
    let mut observer = state.clone();
    let stopping = async {
        stopped(stop.clone()).await;
        // From here on nothing comes in.
        tokio::join!(smtp.shutdown(), web.shutdown());
        mending.abort();
    };
    let work = stack.dispatcher().work_until(unfinished, stopping, &mut observer);
    tokio::select! {
        () = work => {}
        // What is dropped here is done again after the next start.
        () = grace(stop.clone()) => {}
    }
    Endpoint::remove(&args.data)?;
    stack.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

async fn start_web(address: SocketAddr, smtp: &SmtpServer, state: &State) -> anyhow::Result<WebPage> {
    let failures = state.clone();
    let parked = move || failures.failures().list().into_iter().map(parked).collect();
    let desk = Desk {
        store: state.store().clone(),
        limits: state.config().limits.clone(),
        // Whatever is wrong with the variables was told before.
        areas: Areas::read(&mut Vars::from_env()),
        smtp: Some(smtp.address()),
        given_up: Arc::new(parked),
    };
    WebPage::start(address, desk).await
}

fn parked(failed: Failed) -> Parked {
    Parked {
        bucket: failed.bucket,
        key: failed.key,
        since: failed.since,
        why: failed.failure,
    }
}

async fn start_smtp(address: SocketAddr, state: &State) -> anyhow::Result<SmtpServer> {
    // Whatever is wrong with the variables was told before.
    let domains = UnpackConfig::read(&mut Vars::from_env()).mail_domains;
    let inbox = Arc::new(Inbox::new(state.store().clone(), domains));
    let options = smtp_server::Options {
        address,
        ..smtp_server::Options::default()
    };
    SmtpServer::start(inbox, options)
        .await
        .with_context(|| format!("the SMTP server cannot listen on {address}; port 0 is any that is free"))
}

fn endpoint(stack: &LocalStack, smtp: &SmtpServer, web: &WebPage) -> Endpoint {
    let credentials = stack.s3().credentials();
    Endpoint {
        s3: stack.s3().endpoint(),
        region: stack.s3().region().to_owned(),
        access_key_id: credentials.access_key_id.clone(),
        secret_access_key: credentials.secret_access_key.clone(),
        smtp: smtp.address().to_string(),
        web: Some(format!("http://{}", web.address())),
        pid: std::process::id(),
    }
}

/// Counts the signals to stop: the first ends the work in order, the second at once.
fn stop_signal() -> anyhow::Result<watch::Receiver<u32>> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("signals cannot be caught")?;
    let (sender, receiver) = watch::channel(0);
    // It waits for signals for as long as the process lives.
    thread::spawn(move || {
        for _ in signals.forever() {
            sender.send_modify(|count| *count += 1);
        }
    });
    Ok(receiver)
}

async fn stopped(mut stop: watch::Receiver<u32>) {
    // The thread, and with it the sender, lives as long as the process.
    let _ = stop.wait_for(|signals| *signals > 0).await;
}

/// Ends some time after the first signal, or at the second.
async fn grace(mut stop: watch::Receiver<u32>) {
    stopped(stop.clone()).await;
    let second = async {
        let _ = stop.wait_for(|signals| *signals > 1).await;
    };
    let _ = tokio::time::timeout(GRACE, second).await;
}

fn greet(args: &ServeArgs, endpoint: &Endpoint, unfinished: usize) -> io::Result<()> {
    let Endpoint {
        s3,
        region,
        access_key_id,
        secret_access_key,
        smtp,
        ..
    } = endpoint;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "The pipeline is running over {}; Ctrl-C stops it.\n",
        args.data.display()
    )?;
    writeln!(
        out,
        "  SMTP  {smtp}      pipeline send --smtp {smtp} --to sheffield@example.org FILE…"
    )?;
    if let Some(web) = &endpoint.web {
        writeln!(out, "  Web   {web}")?;
    }
    writeln!(out, "  S3    {s3}   for the AWS CLI and boto3, paste:\n")?;
    writeln!(out, "export AWS_ENDPOINT_URL={s3}")?;
    writeln!(out, "export AWS_ACCESS_KEY_ID={access_key_id}")?;
    writeln!(out, "export AWS_SECRET_ACCESS_KEY={secret_access_key}")?;
    writeln!(out, "export AWS_DEFAULT_REGION={region} AWS_REGION={region}\n")?;
    match unfinished {
        0 => {}
        1 => writeln!(out, "Taking up 1 object that an earlier process left.\n")?,
        many => writeln!(out, "Taking up {many} objects that an earlier process left.\n")?,
    }
    out.flush()
}
