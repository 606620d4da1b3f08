//! Hostile links: texts that hide them, places that nobody may be led to, and servers that lie.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use end_to_end_tests::soak::scale;

use crate::attack::{self, Attack, READINGS};
use crate::deflated::Deflated;
use crate::hostile_server::{HostileServer, endless, ok, redirect};
use crate::mail_bytes::header;

const MIB: u64 = 1 << 20;

fn letter(name: &str, text: &str) -> String {
    format!(
        "{}Content-Type: text/plain\r\n\r\nYour readings:\r\n{text}\r\n",
        header(name)
    )
}

fn page(name: &str, html: &str) -> String {
    format!(
        "{}Content-Type: text/html\r\n\r\n<p>Your readings</p>\r\n{html}\r\n",
        header(name)
    )
}

#[test]
fn texts_full_of_half_a_link_take_no_time() {
    let place = "https://datavision.imserv.com/imgserver/";
    let size = scale(MIB / 2, 10 * MIB) as usize;
    let pieces = [
        ("tags", "<a"),
        ("links", "<a href=\""),
        ("quotes", "<a b='>"),
        ("entities", "&"),
        ("numbers", "&#x"),
        ("comments", "<!--"),
        ("scripts", "<script>"),
        ("texts", "x "),
        ("nests", "<p>"),
        ("schemes", "https://"),
        ("brackets", "<https://"),
        ("parentheses", "https://x)("),
        ("wrappers", "https://www.google.com/url?q="),
    ];
    let mut attacks: Vec<_> = pieces
        .into_iter()
        .flat_map(|(name, piece)| {
            let body = piece.repeat(size / piece.len());
            let (in_page, in_text) = (format!("page-of-{name}"), format!("text-of-{name}"));
            [
                Attack::email(&in_page, page(&in_page, &body)).no_files(),
                Attack::email(&in_text, letter(&in_text, &body)).no_files(),
            ]
        })
        .collect();
    let many = scale(5_000, 100_000);
    let links: String = (0..many)
        .map(|n| format!("<a href='{place}{n}.csv'>{n}</a>\r\n"))
        .collect();
    attacks.push(
        Attack::email("links-by-the-thousand", page("links-by-the-thousand", &links)).rejected(&["too-many-members"]),
    );
    let others = links.replace("imserv", "other");
    attacks.push(Attack::email("links-to-elsewhere", page("links-to-elsewhere", &others)).no_files());
    let long = format!("{place}{}", "a".repeat(size));
    attacks.push(Attack::email("link-without-end", letter("link-without-end", &long)).no_files());
    attack::run(attacks);
}

#[test]
fn links_and_redirects_lead_to_no_forbidden_place() {
    let forbidden = Arc::new(HostileServer::start(|stream, _| ok(stream, "", READINGS.as_bytes())));
    let port = forbidden.port();
    let places = [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/".to_owned(),
        "http://[fd00:ec2::254]/latest/meta-data/".to_owned(),
        "http://metadata.google.internal/".to_owned(),
        format!("http://127.0.0.1:{port}/files/a.csv"),
        format!("http://localhost:{port}/files/a.csv"),
        format!("http://LOCALHOST.:{port}/files/a.csv"),
        format!("http://[::1]:{port}/files/a.csv"),
        format!("http://[::ffff:127.0.0.1]:{port}/files/a.csv"),
        format!("http://0.0.0.0:{port}/files/a.csv"),
        format!("http://2130706433:{port}/files/a.csv"),
        format!("http://0177.0.0.1:{port}/files/a.csv"),
        format!("http://0x7f.1:{port}/files/a.csv"),
        format!("http://127.1:{port}/files/a.csv"),
        format!("http://１２７.0.0.1:{port}/files/a.csv"),
        format!("http://a:b@127.0.0.1:{port}/files/a.csv"),
        format!("//127.0.0.1:{port}/files/a.csv"),
        format!("\\\\127.0.0.1:{port}\\files\\a.csv"),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
        "/elsewhere/a.csv".to_owned(),
        "/files/../elsewhere/a.csv".to_owned(),
        "/files/%2e%2e/elsewhere/a.csv".to_owned(),
        "/files/%2e%2e%2felsewhere/a.csv".to_owned(),
        "/files/..\\elsewhere\\a.csv".to_owned(),
        "/files/..%5celsewhere%5ca.csv".to_owned(),
        "/files/a.csv%00".to_owned(),
        "http://".to_owned(),
        " ".to_owned(),
        "x".repeat(60_000),
    ];
    let locations = places.clone();
    let server = HostileServer::start(move |stream, path| {
        let number = path
            .strip_prefix("/files/redirect-")
            .and_then(|number| number.parse().ok());
        match number.and_then(|number: usize| locations.get(number)) {
            Some(location) => redirect(stream, location),
            None if path == "/files/ring" => redirect(stream, "/files/ring?again"),
            None if path.starts_with("/files/") => {
                write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            }
            None => ok(stream, "", READINGS.as_bytes()),
        }
    });
    let allowed = server.url("/files/");
    let mut attacks = vec![
        Attack::email(
            "redirected-in-a-ring",
            letter("redirected-in-a-ring", &format!("{allowed}ring")),
        )
        .rejected(&["download-failed"]),
    ];
    for (number, place) in places.iter().enumerate() {
        let name = format!("redirected-{number}");
        let email = letter(&name, &format!("{allowed}redirect-{number}"));
        attacks.push(Attack::email(&name, email).rejected(&["download-failed"]));
        if place.contains("://") {
            let name = format!("linked-{number}");
            attacks.push(Attack::email(&name, page(&name, &format!("<a href='{place}'>{place}</a>"))).no_files());
        }
    }
    let attacks = attacks.into_iter().map(|attack| attack.set("DOWNLOAD_LINKS", &allowed));
    attack::run(attacks.collect());
    assert_eq!(forbidden.asked(), 0, "somebody was led to a forbidden place");
}

#[test]
fn a_host_that_the_operator_names_is_no_way_to_a_metadata_service() {
    // Where it can be reached at all, that it is not asked shows in the time: the connection is never begun.
    let places = [
        "http://169.254.169.254/files/",
        "http://[fd00:ec2::254]/files/",
        "http://0.0.0.0/files/",
    ];
    let attacks = places.iter().enumerate().map(|(number, place)| {
        let name = format!("listed-{number}");
        Attack::email(&name, letter(&name, &format!("{place}a.csv")))
            .rejected(&["download-failed"])
            .set("DOWNLOAD_LINKS", places.join(","))
    });
    attack::run(attacks.collect());
}

/// What is wrong with the answer for each path.
fn lie(stream: &mut TcpStream, path: &str) -> io::Result<()> {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    let no_pause = Duration::ZERO;
    let readings = READINGS.as_bytes();
    match path.strip_prefix("/files/").unwrap_or_default() {
        "endless" => endless(stream, &format!("{HEAD}\r\n"), &[b'1'; 8192], no_pause),
        "endless-chunks" => endless(
            stream,
            &format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n"),
            &b"1\r\nx\r\n".repeat(1_000),
            no_pause,
        ),
        "endless-header" => endless(stream, HEAD, b"X-Filler: x\r\n", no_pause),
        "endless-line" => endless(stream, HEAD, &[b'x'; 8192], no_pause),
        "chunk-without-limit" => write!(
            stream,
            "{HEAD}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{READINGS}"
        ),
        "longer-than-it-says" => write!(
            stream,
            "{HEAD}Content-Length: {}\r\n\r\n{READINGS}{READINGS}",
            READINGS.len()
        ),
        "shorter-than-it-says" => write!(stream, "{HEAD}Content-Length: 9999\r\n\r\n{READINGS}"),
        "length-without-limit" => write!(stream, "{HEAD}Content-Length: 18446744073709551615\r\n\r\n{READINGS}"),
        "two-lengths" => write!(
            stream,
            "{HEAD}Content-Length: 24\r\nContent-Length: 25\r\n\r\n{READINGS}"
        ),
        "length-of-nothing" => write!(stream, "{HEAD}Content-Length: -1\r\n\r\n{READINGS}"),
        "no-http" => stream.write_all(readings),
        "bomb" => {
            let mut bomb = Vec::new();
            Deflated::new(b"", b"0", scale(8 * MIB, 200 * MIB), b"").write_gzip(&mut bomb)?;
            ok(stream, "Content-Encoding: gzip\r\n", &bomb)
        }
        "name-of-50000" => ok(
            stream,
            &format!(
                "Content-Disposition: attachment; filename={}.csv\r\n",
                "x".repeat(50_000)
            ),
            readings,
        ),
        "name-that-climbs" => ok(
            stream,
            "Content-Disposition: attachment; filename*=UTF-8''..%2F..%2Fetc%2F%00%E2%80%AEreadings.csv\r\n",
            readings,
        ),
        _ => ok(stream, "", readings),
    }
}

#[test]
fn servers_that_lie_or_never_end_are_given_up() {
    let server = HostileServer::start(lie);
    let place = server.url("/files/");
    let limit = scale(MIB, 100 * MIB);
    let linked = |path: &str| {
        let name = path.to_owned();
        Attack::email(&name, letter(&name, &format!("{place}{path}")))
            .set("DOWNLOAD_LINKS", &place)
            .set("LIMIT_DOWNLOAD_BYTES", limit)
            .set("LIMIT_MEMBER_BYTES", scale(4 * MIB, 100 * MIB))
    };
    attack::run(vec![
        linked("honest.csv").delivers("honest.csv", READINGS),
        linked("endless").rejected(&["too-large"]),
        // A hundred million chunks of one byte take longer than a download may.
        linked("endless-chunks")
            .rejected(&["too-large"])
            .set("LIMIT_DOWNLOAD_BYTES", scale(MIB / 8, 4 * MIB)),
        linked("endless-header").fails(),
        linked("endless-line").fails(),
        linked("chunk-without-limit").fails(),
        linked("longer-than-it-says").delivers("longer-than-it-says", READINGS),
        linked("shorter-than-it-says").fails(),
        linked("length-without-limit").fails(),
        linked("two-lengths").fails(),
        linked("length-of-nothing").fails(),
        linked("no-http").fails(),
        linked("bomb").rejected(&["too-large"]),
        linked("name-of-50000").delivers_files(1),
        linked("name-that-climbs").delivers("readings.csv", READINGS),
    ]);
    let many = (0..scale(5, 60))
        .map(|n| format!("{place}large-{n}.csv\r\n"))
        .collect::<String>();
    let large = crate::mail_bytes::readings_of(limit - MIB / 2);
    let files = HostileServer::start(move |stream, _| ok(stream, "", large.as_bytes()));
    let many = many.replace(&place, &files.url("/files/"));
    let mut attack = Attack::email("large-files-by-the-dozen", letter("large-files-by-the-dozen", &many))
        .set("DOWNLOAD_LINKS", files.url("/files/"))
        .alone()
        .within(Duration::from_secs(600));
    for n in 0..scale(5, 60) {
        attack = attack.delivers_something(&format!("large-{n}.csv"));
    }
    attack::run(vec![attack]);
}

#[test]
#[ignore = "three attempts of a minute each: for the long run; the crate's own tests do it with shorter times"]
fn a_server_that_sends_a_byte_a_second_is_given_up() {
    let server = HostileServer::start(|stream, _| {
        endless(
            stream,
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
            b"1",
            Duration::from_secs(1),
        )
    });
    attack::run(vec![
        Attack::email("byte-by-byte", letter("byte-by-byte", &server.url("/files/a.csv")))
            .set("DOWNLOAD_LINKS", server.url("/files/"))
            .within(Duration::from_secs(240))
            .fails(),
    ]);
}
