//! Links in the text of an email that lead to files.

use std::collections::HashSet;

use url::Url;

use crate::encoding::text::decode;
use crate::links::html::{self, Piece};
use crate::links::places::DownloadLinks;
use crate::links::safe_link::unwrapped;
use crate::links::windows::windows;
use crate::parts::unpack::Body;

/// A link in angle brackets may be wrapped over lines (RFC 3986 appendix C) up to this length.
const MAX_BRACKETED: usize = 8 * 1024;

/// Bytes of a link; web servers accept no longer ones.
const MAX_LINK: usize = 32 * 1024;

/// Links that are kept; the caller refuses an email with so many.
pub(crate) const MAX_LINKS: usize = 100;

/// The links of an email's texts that `allowed` lets pass, wrappers undone, each once, in order; at most
/// one more than a hundred, which tells the caller that there are too many.
#[must_use]
pub fn download_links(bodies: &[Body], allowed: &DownloadLinks) -> Vec<Url> {
    let mut finder = Finder {
        allowed,
        found: Vec::new(),
        seen: HashSet::new(),
        is_shown_elsewhere: false,
    };
    for body in bodies {
        finder.is_shown_elsewhere = false;
        for window in windows(&body.bytes, &body.charset) {
            let text = decode(window, &body.charset);
            if body.is_html {
                finder.html(&text);
            } else {
                finder.text(&text, false);
            }
        }
    }
    finder.without_cut_links()
}

struct Found {
    url: Url,
    is_in_html: bool,
    /// It stood at the end of a line, where a mail program may have broken it.
    may_be_cut: bool,
}

struct Finder<'a> {
    allowed: &'a DownloadLinks,
    found: Vec<Found>,
    seen: HashSet<String>,
    /// Within a link of HTML that counts. What is shown as a link often is a shortened form of it, so it only counts
    /// where the link itself does not.
    is_shown_elsewhere: bool,
}

impl Finder<'_> {
    fn html(&mut self, text: &str) {
        html::for_each_piece(text, |piece| match piece {
            Piece::Link(href) => self.is_shown_elsewhere = self.take(&href, true, false),
            Piece::LinkEnd => self.is_shown_elsewhere = false,
            Piece::Text(text) if self.is_shown_elsewhere => drop(text),
            Piece::Text(text) => self.text(&text, true),
        });
    }

    /// Finds links in plain text, where nothing but their form tells them.
    fn text(&mut self, text: &str, is_in_html: bool) {
        let mut rest = text;
        while let Some(at) = find_scheme(rest) {
            let (before, from_link) = rest.split_at_checked(at).unwrap_or((rest, ""));
            let bracketed = before.ends_with('<').then(|| bracketed(from_link)).flatten();
            let (link, length) = bracketed.unwrap_or_else(|| {
                let link = plain(from_link);
                (link.to_owned(), link.len())
            });
            let after = from_link.get(length.max(1)..).unwrap_or_default();
            let may_be_cut = after.trim_start_matches([' ', '\t']).starts_with(['\r', '\n']);
            self.take(&link.replace("&amp;", "&"), is_in_html, may_be_cut);
            rest = after;
        }
    }

    /// Keeps a link if it is allowed; whether it is.
    fn take(&mut self, link: &str, is_in_html: bool, may_be_cut: bool) -> bool {
        if link.len() > MAX_LINK {
            return false;
        }
        let Ok(url) = Url::parse(link.trim()) else { return false };
        let mut url = unwrapped(url);
        if !self.allowed.allow(&url) {
            return false;
        }
        url.set_fragment(None);
        if self.found.len() > MAX_LINKS {
            return true;
        }
        if self.seen.insert(url.to_string()) {
            self.found.push(Found {
                url,
                is_in_html,
                may_be_cut,
            });
        } else if is_in_html && let Some(known) = self.found.iter_mut().find(|known| known.url == url) {
            known.is_in_html = true;
        }
        true
    }

    /// Without links that are the first line of one that stands whole in the HTML form of the same text.
    fn without_cut_links(self) -> Vec<Url> {
        let whole: Vec<String> = self
            .found
            .iter()
            .filter(|found| found.is_in_html)
            .map(|found| found.url.to_string())
            .collect();
        let is_cut = |found: &Found| {
            let start = found.url.as_str();
            !found.is_in_html
                && found.may_be_cut
                && whole
                    .iter()
                    .any(|whole| whole.len() > start.len() && whole.starts_with(start))
        };
        self.found
            .into_iter()
            .filter(|found| !is_cut(found))
            .map(|found| found.url)
            .collect()
    }
}

/// Where `http://` or `https://` begins, in any case.
fn find_scheme(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(bytes, b"://").find_map(|colon| {
        ["https", "http"].iter().find_map(|scheme| {
            let at = colon.checked_sub(scheme.len())?;
            bytes
                .get(at..colon)?
                .eq_ignore_ascii_case(scheme.as_bytes())
                .then_some(at)
        })
    })
}

/// `<link>`: up to the bracket, without the line ends and blanks in it; with the length that it takes.
fn bracketed(text: &str) -> Option<(String, usize)> {
    let bytes = text.as_bytes();
    let end = bytes
        .iter()
        .take(MAX_BRACKETED)
        .position(|&byte| byte == b'>' || byte == b'<')?;
    let link = text.get(..end).filter(|_| bytes.get(end) == Some(&b'>'))?;
    Some((link.split_whitespace().collect(), end))
}

/// Up to a character that no link has, without the punctuation of the sentence around it. A closing bracket belongs to
/// the link if its opening one does.
fn plain(text: &str) -> &str {
    let is_over = |c: char| c.is_whitespace() || c.is_control() || "<>\"`|\\^“”‘’«»„‚…".contains(c);
    let mut link = text.split(is_over).next().unwrap_or_default();
    let mut surplus = [('(', ')'), ('[', ']'), ('{', '}')].map(|(open, close)| {
        let opened = link.matches(open).count();
        (close, link.matches(close).count().saturating_sub(opened))
    });
    while let Some((last, c)) = link.char_indices().next_back() {
        match surplus.iter_mut().find(|(close, _)| *close == c) {
            Some((_, 0)) => break,
            Some((_, surplus)) => *surplus -= 1,
            None if ".,;:!?'*".contains(c) => {}
            None => break,
        }
        link = link.get(..last).unwrap_or_default();
    }
    link
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn body(text: &str, is_html: bool) -> Body {
        Body {
            is_html,
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            charset: String::new(),
        }
    }

    fn links(bodies: &[Body]) -> Vec<String> {
        download_links(bodies, &DownloadLinks::default())
            .iter()
            .map(|url| url.as_str().replace("https://datavision.imserv.com/imgserver/", "…/"))
            .collect()
    }

    fn in_text(text: &str) -> Vec<String> {
        links(&[body(
            &text.replace("…/", "https://datavision.imserv.com/imgserver/"),
            false,
        )])
    }

    fn in_html(text: &str) -> Vec<String> {
        links(&[body(
            &text.replace("…/", "https://datavision.imserv.com/imgserver/"),
            true,
        )])
    }

    #[test]
    fn punctuation_around_a_link_is_not_part_of_it() {
        for text in [
            "See …/a.csv.",
            "(…/a.csv)",
            "[data](…/a.csv),",
            "<…/a.csv>",
            "\"…/a.csv\"!",
            "data<…/a.csv>;",
            "**…/a.csv**",
            "‘…/a.csv’",
            "…/a.csv?!",
        ] {
            assert_eq!(in_text(text), ["…/a.csv"], "{text}");
        }
        assert_eq!(in_text("…/a(1).csv and (…/b(2).csv)"), ["…/a(1).csv", "…/b(2).csv"]);
        assert_eq!(in_text("HTTPS://DATAVISION.imserv.com/imgserver/a.csv"), ["…/a.csv"]);
    }

    #[test]
    fn a_link_in_brackets_may_be_wrapped() {
        assert_eq!(
            in_text("Download <…/get.aspx?id=1&\r\n code=2>"),
            ["…/get.aspx?id=1&code=2"]
        );
        assert_eq!(in_text("a <…/a.csv and no end"), ["…/a.csv"]);
    }

    #[test]
    fn each_link_is_found_once_and_in_order() {
        assert_eq!(in_text("…/b.csv …/a.csv …/b.csv#top"), ["…/b.csv", "…/a.csv"]);
    }

    #[test]
    fn other_links_are_left_alone() {
        assert!(
            in_text("https://example.com/a.csv http://datavision.imserv.com/imgserver/a.csv …/../secret").is_empty()
        );
    }

    #[test]
    fn links_of_html_are_found_in_href_and_text_with_entities_decoded() {
        assert_eq!(
            in_html("<a href=\"…/get.aspx?id=1&amp;code=2&#38;x=3&#x26;y\">here</a>"),
            ["…/get.aspx?id=1&code=2&x=3&y"]
        );
        assert_eq!(in_html("<p>…/get.aspx?id=1&amp;code=2</p>"), ["…/get.aspx?id=1&code=2"]);
        assert_eq!(
            in_html("<p>…/get.<wbr>aspx<br>x</p><td>…/b.csv</td><td>x</td>"),
            ["…/get.aspx", "…/b.csv"]
        );
    }

    #[test]
    fn what_a_link_shows_counts_only_if_the_link_itself_does_not() {
        assert_eq!(in_html("<a href='…/long.csv'>…/lo</a>"), ["…/long.csv"]);
        assert_eq!(
            in_html("<a href='https://protect.mimecast.com/s/abc'>…/a.csv</a>"),
            ["…/a.csv"]
        );
    }

    #[test]
    fn pictures_scripts_styles_and_comments_are_no_links() {
        assert!(
            in_html("<img src='…/logo.png'><script>'…/a.js'</script><style>url(…/a.css)</style><!-- …/a.csv -->")
                .is_empty()
        );
    }

    #[test]
    fn safe_links_are_undone() {
        let link = "https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fdatavision.imserv.com%2Fimgserver%2Fa.csv&amp;data=05";
        assert_eq!(
            in_html(&format!("<a href=\"{link}\" originalsrc=\"x\">file</a>")),
            ["…/a.csv"]
        );
        assert_eq!(in_text(link), ["…/a.csv"]);
    }

    #[test]
    fn a_link_that_is_cut_in_the_text_and_whole_in_the_html_is_the_whole_one() {
        let text =
            "https://datavision.imserv.com/imgserver/get.aspx?id=1\n23456\nhttps://datavision.imserv.com/imgserver/b";
        let html = "<a href='https://datavision.imserv.com/imgserver/get.aspx?id=123456'>x</a>";
        assert_eq!(
            links(&[body(text, false), body(html, true)]),
            ["…/b", "…/get.aspx?id=123456"]
        );
        assert_eq!(links(&[body(text, false)]), ["…/get.aspx?id=1", "…/b"]);
    }

    #[test]
    fn a_body_of_nothing_but_beginnings_takes_no_time() {
        for piece in [
            "<",
            "<a href=\"",
            "<https://",
            "http://",
            "<!--",
            "&",
            "<a ",
            "(",
            "https://x)",
        ] {
            let text = piece.repeat(20_000);
            assert!(in_text(&text).is_empty() && in_html(&text).is_empty());
        }
    }
}
