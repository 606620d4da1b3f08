//! Panics: where they happened, and what may be told of them.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{PanicHookInfo, set_hook};

/// Longest part of a panic's message that is told, in characters.
const MAX_MESSAGE: usize = 300;

/// Before what the standard library quotes: the text that was sliced wrongly (`byte index 3 is out of bounds of `…``, `begin > end
/// (5 > 3) when slicing `…``), the error that was unwrapped (of `String::from_utf8` it holds all bytes), the values that are not
/// equal (on lines of their own).
const QUOTES: &[&str] = &[" of `", " when slicing `", "` value: ", "\n"];

thread_local! {
    /// Where this thread panicked last: who catches a panic gets its message, but not its place.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Lets panics be told in the log as everything else is, instead of in several lines on standard error.
pub(crate) fn log_panics() {
    set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let place = info.location().map(ToString::to_string);
        // Who catches the panic reports it as an error, once; but on a thread where nobody does, this line is all there is.
        tracing::warn!(panic = text_of(info.payload()), place, "a thread panicked");
        PLACE.with_borrow_mut(|last| *last = place);
    }));
}

/// The message of a panic that this thread has caught, and where it happened.
pub(crate) fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = text_of(panic);
    match PLACE.with_borrow_mut(Option::take) {
        Some(place) => format!("{text} (at {place})"),
        None => text,
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message");
    // What stands behind any of these is somebody's content.
    let end = QUOTES.iter().filter_map(|quote| text.find(quote)).min();
    let text = end.and_then(|end| text.get(..end)).unwrap_or(text);
    text.chars().take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    fn caught(work: impl FnOnce() + std::panic::UnwindSafe) -> String {
        message_of(catch_unwind(work).unwrap_err().as_ref())
    }

    #[test]
    #[expect(clippy::string_slice, reason = "it is what panics")]
    #[expect(clippy::reversed_empty_ranges, reason = "it is what panics")]
    fn a_panic_does_not_quote_the_text_that_it_was_about() {
        let content = "sheffield £ readings";
        let at = content.find('£').unwrap() + 1;
        let told = |message: String, told: &str, hidden: &str| {
            assert!(message.contains(told), "{message}");
            assert!(!message.contains(hidden), "{message}");
        };
        told(caught(|| drop(content[at..].to_owned())), "byte index 11", "sheffield");
        told(caught(|| drop(content[5..3].to_owned())), "(5 > 3)", "sheffield");
        told(
            caught(|| assert_eq!(content, "")),
            "assertion `left == right` failed",
            "sheffield",
        );
        let bytes = vec![b's', 0xff];
        told(
            caught(|| drop(String::from_utf8(bytes).unwrap())),
            "`Result::unwrap()`",
            "115",
        );
    }

    #[test]
    fn a_panic_without_a_text_and_one_with_a_long_text_are_told_shortly() {
        assert!(caught(|| std::panic::panic_any(7)).starts_with("without a message"));
        let long = "é".repeat(1_000);
        assert!(caught(move || panic!("{long}")).chars().count() < 400);
    }
}
