//! Fixed pseudo-random numbers (SplitMix64): a corpus is the same on every machine.

/// A seeded source of numbers.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `from..to`.
    pub(crate) fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from).max(1)
    }

    /// A length or position in `from..to`.
    pub(crate) fn size(&mut self, from: usize, to: usize) -> usize {
        usize::try_from(self.within(from as u64, to as u64)).unwrap_or(from)
    }

    /// One of them; the default of the type where there is none.
    pub(crate) fn one<T: Copy + Default>(&mut self, of: &[T]) -> T {
        of.get(self.size(0, of.len())).copied().unwrap_or_default()
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.within(0, times) == 0
    }

    /// That many characters of an alphabet.
    pub(crate) fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| char::from(self.one(alphabet)))
            .collect()
    }

    pub(crate) fn hex(&mut self, length: usize) -> String {
        self.text(b"0123456789abcdef", length)
    }

    pub(crate) fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|length| self.hex(length)).join("-")
    }

    pub(crate) fn ip(&mut self) -> String {
        format!(
            "{}.{}.{}.{}",
            self.within(1, 224),
            self.within(0, 256),
            self.within(0, 256),
            self.within(1, 255)
        )
    }

    /// RFC 3339, somewhere in a year, with milliseconds.
    pub(crate) fn time(&mut self) -> String {
        format!(
            "2026-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            self.within(1, 13),
            self.within(1, 29),
            self.within(0, 24),
            self.within(0, 60),
            self.within(0, 60),
            self.within(0, 1000)
        )
    }

    pub(crate) fn word(&mut self) -> &'static str {
        self.one(WORDS)
    }

    /// Words with spaces between, the first in upper case, a full stop behind.
    pub(crate) fn sentence(&mut self, words: usize) -> String {
        let mut text = String::new();
        for nth in 0..words {
            let word = self.word();
            match (nth, word.split_at_checked(1)) {
                (0, Some((first, rest))) => {
                    text.push_str(&first.to_ascii_uppercase());
                    text.push_str(rest);
                }
                _ => {
                    text.push(' ');
                    text.push_str(word);
                }
            }
        }
        text.push('.');
        text
    }
}

/// Words of ordinary traffic, among them such as rules look at.
const WORDS: &[&str] = &[
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "for",
    "on",
    "with",
    "that",
    "this",
    "from",
    "are",
    "was",
    "has",
    "not",
    "can",
    "will",
    "after",
    "before",
    "order",
    "item",
    "price",
    "total",
    "customer",
    "address",
    "street",
    "city",
    "country",
    "phone",
    "email",
    "delivery",
    "express",
    "payment",
    "card",
    "invoice",
    "refund",
    "discount",
    "quantity",
    "stock",
    "warehouse",
    "shipment",
    "parcel",
    "returned",
    "pending",
    "active",
    "closed",
    "open",
    "created",
    "updated",
    "deleted",
    "request",
    "response",
    "header",
    "body",
    "status",
    "error",
    "warning",
    "failed",
    "success",
    "timeout",
    "retry",
    "connection",
    "upstream",
    "cluster",
    "route",
    "listener",
    "proxy",
    "gateway",
    "service",
    "server",
    "client",
    "worker",
    "thread",
    "queue",
    "message",
    "event",
    "stream",
    "cache",
    "database",
    "table",
    "index",
    "query",
    "record",
    "column",
    "value",
    "string",
    "number",
    "object",
    "array",
    "field",
    "name",
    "type",
    "version",
    "branch",
    "commit",
    "merge",
    "review",
    "comment",
    "label",
    "milestone",
    "release",
    "repository",
    "organization",
    "member",
    "team",
    "user",
    "account",
    "profile",
    "session",
    "login",
    "password",
    "token",
    "secret",
    "key",
    "keyboard",
    "monkey",
    "author",
    "authority",
    "access",
    "accessible",
    "public",
    "private",
    "internal",
    "external",
    "default",
    "custom",
    "enabled",
    "disabled",
    "primary",
    "secondary",
    "container",
    "image",
    "registry",
    "volume",
    "mount",
    "network",
    "policy",
    "namespace",
    "deployment",
    "replica",
    "node",
    "pod",
    "memory",
    "limit",
    "usage",
    "metric",
    "trace",
    "span",
    "sample",
    "window",
    "screen",
    "button",
    "link",
    "page",
    "content",
    "title",
    "description",
    "summary",
    "section",
    "chapter",
    "article",
    "author",
    "language",
    "translation",
    "region",
    "zone",
    "latitude",
    "longitude",
    "distance",
    "weather",
    "temperature",
    "station",
    "vehicle",
    "driver",
    "engine",
    "battery",
    "sensor",
    "signal",
    "device",
    "firmware",
    "update",
    "backup",
    "archive",
    "folder",
    "document",
    "picture",
    "camera",
    "video",
    "audio",
];
