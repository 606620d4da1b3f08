//! Addresses as emails and SMTP write them.

/// An address with its local part quoted where it must be (RFC 5322 section 3.4.1).
pub(crate) fn written(address: &str) -> String {
    let Some((local_part, domain)) = address.rsplit_once('@') else {
        return String::new();
    };
    let is_quoted = local_part.starts_with('"') && local_part.ends_with('"') && local_part.len() > 1;
    let is_plain = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if is_quoted || local_part.chars().all(is_plain) {
        return format!("{local_part}@{domain}");
    }
    let escaped = local_part.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_part_is_quoted_where_it_must_be() {
        for (address, expected) in [
            ("b\u{fc}hne+x@example.org", "b\u{fc}hne+x@example.org"),
            ("a b@example.org", "\"a b\"@example.org"),
            ("\"a b\"@example.org", "\"a b\"@example.org"),
            ("a\"b@example.org", "\"a\\\"b\"@example.org"),
            ("", ""),
        ] {
            assert_eq!(written(address), expected);
        }
    }
}
