//! What every page has around it.

use maud::{DOCTYPE, Markup, html};
use time::OffsetDateTime;

use super::words::When;

/// The pages that the navigation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Overview,
    Inputs,
    Aside,
    /// One that is reached from others only.
    Other,
}

const NAVIGATION: [(Page, &str, &str); 3] = [
    (Page::Overview, "/", "Overview"),
    (Page::Inputs, "/inputs", "Emails and files"),
    (Page::Aside, "/unprocessable", "Put aside"),
];

/// A whole page. `live` parts keep themselves up to date where scripts run.
pub(crate) fn page(title: &str, current: Page, now: OffsetDateTime, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · data-pipeline" }
                link rel="stylesheet" href="/page.css";
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                script src="/page.js" defer {}
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header.top {
                    a.brand href="/" { span.mark aria-hidden="true" {} "data-pipeline" }
                    nav aria-label="Pages" {
                        @for (page, address, name) in NAVIGATION {
                            a href=(address) aria-current=[(page == current).then_some("page")] { (name) }
                        }
                    }
                }
                main #content tabindex="-1" { (content) }
                footer.bottom {
                    p #as-of data-live { "As of " (When { time: now, now }) }
                    button #pause type="button" hidden aria-pressed="false" { "Pause updates" }
                }
            }
        }
    }
}

/// The page that says what went wrong.
pub(crate) fn problem(title: &str, message: &str, now: OffsetDateTime) -> Markup {
    let content = html! {
        h1 { (title) }
        p.lead { (super::words::Name(message)) }
        p { a.button href="/" { "To the overview" } }
    };
    page(title, Page::Other, now, &content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_page_has_its_landmarks_and_names_the_current_one() {
        let shown = page(
            "Put aside",
            Page::Aside,
            datetime!(2025-03-23 10:00 UTC),
            &html! { h1 { "Put aside" } },
        )
        .into_string();
        for part in [
            "<html lang=\"en\">",
            "<a class=\"skip\" href=\"#content\">",
            "<nav aria-label=\"Pages\">",
            "<main id=\"content\" tabindex=\"-1\">",
            "<footer",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        assert!(
            shown.contains("<a href=\"/unprocessable\" aria-current=\"page\">"),
            "{shown}"
        );
        assert_eq!(shown.matches("aria-current").count(), 1);
    }

    #[test]
    fn a_problem_is_told_without_following_what_stands_in_it() {
        let shown = problem("Not found", "no object <img src=x>", datetime!(2025-03-23 10:00 UTC)).into_string();
        assert!(shown.contains("&lt;img src=x&gt;"), "{shown}");
    }
}
