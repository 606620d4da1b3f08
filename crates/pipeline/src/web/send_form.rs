//! The form that sends a file to an area. Files can be dropped on it.

use maud::{Markup, html};

/// The form; `areas` are proposals.
pub(crate) fn send_form(areas: &[String]) -> Markup {
    html! {
        form.send method="post" action="/send" enctype="multipart/form-data" {
            // Before the files, so that it is known when they arrive.
            p.field {
                label for="area" { "Area" }
                input #area type="text" name="area" list="areas" autocomplete="off" autocapitalize="none" spellcheck="false"
                    placeholder="sheffield" aria-describedby="area-hint";
                datalist #areas { @for area in areas { option value=(area) {} } }
                span.hint #area-hint { "As if emailed to this name @…; an email (.eml) names its own." }
            }
            div.drop data-drop {
                label for="file" { "Files" }
                input #file type="file" name="file" multiple required aria-describedby="file-hint";
                span.hint #file-hint { "CSV, XLSX, XLS, ODS, ZIP or an email. Choose them, or drop them here." }
            }
            button.primary type="submit" { "Send" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_has_a_label_for_every_input_and_no_area_becomes_markup() {
        let shown = send_form(&["\"><script>".to_owned()]).into_string();
        for id in ["area", "file"] {
            assert!(
                shown.contains(&format!("<label for=\"{id}\">")) && shown.contains(&format!("id=\"{id}\"")),
                "{shown}"
            );
        }
        assert!(!shown.contains("<script>"), "{shown}");
    }
}
