//! An ordered header map with Envoy's habits: pseudo headers first, some names never twice, values any bytes.

use bytes::Bytes;

/// Names Envoy stores once: adding a second value joins it to the first with a comma.
const SINGLETONS: &[&[u8]] = &[
    b"accept",
    b"accept-encoding",
    b"access-control-request-headers",
    b"access-control-request-method",
    b"authorization",
    b"cache-control",
    b"connection",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"date",
    b"etag",
    b"expect",
    b"forwarded",
    b"grpc-message",
    b"grpc-status",
    b"grpc-timeout",
    b"if-match",
    b"if-modified-since",
    b"if-none-match",
    b"if-range",
    b"if-unmodified-since",
    b"keep-alive",
    b"last-modified",
    b"origin",
    b"pragma",
    b"proxy-connection",
    b"proxy-status",
    b"referer",
    b"server",
    b"te",
    b"transfer-encoding",
    b"upgrade",
    b"user-agent",
    b"vary",
    b"via",
    b"x-forwarded-client-cert",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-proto",
    b"x-request-id",
];

/// A header map. Names are lower case; pseudo headers (`:path`) are entries like any other and come first. Values are arbitrary bytes.
///
/// Every operation is O(number of entries): maps are short, and order must survive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Bytes, Bytes)>);

impl Headers {
    /// The first value of `name`.
    pub fn get(&self, name: &[u8]) -> Option<&Bytes> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    }

    /// The first value of `name` as text, or `""` when it is absent or not UTF-8.
    pub fn text(&self, name: &[u8]) -> &str {
        self.get(name)
            .and_then(|v| std::str::from_utf8(v).ok())
            .unwrap_or_default()
    }

    /// All values of `name`, in order.
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a Bytes> {
        self.0
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    }

    /// All values of `name` joined with a comma, as Envoy's `request.headers.<name>` shows them.
    pub fn joined(&self, name: &[u8]) -> Option<Vec<u8>> {
        let values: Vec<&[u8]> = self.get_all(name).map(|v| v.as_ref()).collect();
        (!values.is_empty()).then(|| values.join(&b","[..]))
    }

    /// Whether `name` is there.
    pub fn contains(&self, name: &[u8]) -> bool {
        self.get(name).is_some()
    }

    /// Adds an entry exactly as given, name in lower case, pseudo headers before all others.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let entry = (
            Bytes::from(name.to_ascii_lowercase()),
            Bytes::copy_from_slice(value),
        );
        if name.first() == Some(&b':') {
            let at = self
                .0
                .iter()
                .position(|(n, _)| n.first() != Some(&b':'))
                .unwrap_or(self.0.len());
            self.0.insert(at, entry);
        } else {
            self.0.push(entry);
        }
    }

    /// Adds a value as Envoy does: joined to the first one where the name can exist only once, as a new entry elsewhere.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let lower = name.to_ascii_lowercase();
        let single = SINGLETONS.contains(&lower.as_slice()) || lower.first() == Some(&b':');
        match self.0.iter_mut().find(|(n, _)| single && *n == lower) {
            Some((_, old)) => *old = Bytes::from([old.as_ref(), b",", value].concat()),
            None => self.push(&lower, value),
        }
    }

    /// Removes every value of `name` and appends this one. A pseudo header keeps its place.
    pub fn replace(&mut self, name: &[u8], value: &[u8]) {
        if name.first() == Some(&b':')
            && let Some((_, old)) = self
                .0
                .iter_mut()
                .find(|(n, _)| n.eq_ignore_ascii_case(name))
        {
            *old = Bytes::copy_from_slice(value);
            return;
        }
        self.remove(name);
        self.push(name, value);
    }

    /// Removes every value of `name`; says whether there was one.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        let before = self.0.len();
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        before != self.0.len()
    }

    /// Keeps the entries for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        self.0.retain(|(n, v)| keep(n, v));
    }

    /// Entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        self.0.iter().map(|(n, v)| (n.as_ref(), v.as_ref()))
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sum of the lengths of names and values.
    pub fn byte_size(&self) -> usize {
        self.0.iter().map(|(n, v)| n.len() + v.len()).sum()
    }
}

impl<'a> FromIterator<(&'a [u8], &'a [u8])> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a [u8], &'a [u8])>>(pairs: I) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in pairs {
            headers.push(name, value);
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_joins_names_that_exist_once_and_keeps_others_apart() {
        let mut headers = Headers::default();
        headers.add(b"Authorization", b"a");
        headers.add(b"authorization", b"b");
        headers.add(b"set-cookie", b"1");
        headers.add(b"set-cookie", b"2");
        assert_eq!(headers.text(b"authorization"), "a,b");
        assert_eq!(headers.get_all(b"set-cookie").count(), 2);
    }

    #[test]
    fn replacing_removes_duplicates_and_appends() {
        let mut headers: Headers = [(&b"x"[..], &b"1"[..]), (b"y", b"2"), (b"x", b"3")]
            .into_iter()
            .collect();
        headers.replace(b"X", b"9");
        assert_eq!(
            headers.iter().collect::<Vec<_>>(),
            [(&b"y"[..], &b"2"[..]), (b"x", b"9")]
        );
    }

    #[test]
    fn pseudo_headers_come_first_and_keep_their_place() {
        let mut headers = Headers::default();
        headers.push(b"a", b"1");
        headers.push(b":path", b"/");
        headers.push(b":method", b"GET");
        headers.replace(b":path", b"/new");
        assert_eq!(
            headers.iter().map(|(n, _)| n).collect::<Vec<_>>(),
            [&b":path"[..], b":method", b"a"]
        );
        assert_eq!(headers.text(b":path"), "/new");
    }
}
