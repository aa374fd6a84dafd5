//! Pages as servers send them: markup, style sheets, scripts.

use std::fmt::Write as _;

use super::random::Random;

/// Pages until there are `length` bytes.
pub(crate) fn pages(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut text = String::new();
    while text.len() < length {
        let _infallible = write!(
            text,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n  <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n  <title>{}</title>\n  <link rel=\"stylesheet\" href=\"/assets/{}.{}.css\" integrity=\"sha384-{}\" crossorigin=\"anonymous\">\n  <style>\n",
            random.sentence(4),
            random.word(),
            random.hex(8),
            random.text(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                64
            ),
        );
        repeat(&mut random, &mut text, 4, 40, style);
        text.push_str("  </style>\n</head>\n<body>\n");
        repeat(&mut random, &mut text, 6, 60, block);
        text.push_str("<script>\n\"use strict\";\n");
        repeat(&mut random, &mut text, 4, 60, script);
        text.push_str("</script>\n</body>\n</html>\n");
    }
    text.truncate(length);
    text.into_bytes()
}

fn repeat(
    random: &mut Random,
    text: &mut String,
    from: u64,
    to: u64,
    part: fn(&mut Random, &mut String),
) {
    for _ in 0..random.within(from, to) {
        part(random, text);
    }
}

fn style(random: &mut Random, text: &mut String) {
    let _infallible = writeln!(
        text,
        "    .{}-{}:not(.{}) > .{} {{ margin: {}rem {}px; color: #{}; background: url(\"/img/{}.svg\") no-repeat; border-radius: .{}em; transition: {} .15s ease-in-out }}",
        random.word(),
        random.word(),
        random.word(),
        random.word(),
        random.within(0, 5),
        random.within(0, 60),
        random.hex(6),
        random.word(),
        random.within(1, 90),
        random.word(),
    );
}

fn block(random: &mut Random, text: &mut String) {
    match random.within(0, 5) {
        0 => {
            let words = random.size(20, 120);
            let _infallible = writeln!(
                text,
                "  <p class=\"{}\">{} <a href=\"https://developer.example.org/docs/Web/API/{}/{}#{}\">{}</a> <code>&lt;{}&gt;</code> {}</p>",
                random.word(),
                random.sentence(words),
                random.word(),
                random.word(),
                random.word(),
                random.word(),
                random.word(),
                random.sentence(9),
            );
        }
        1 => {
            text.push_str("  <table class=\"table table-striped\"><thead><tr>");
            for _ in 0..4 {
                let _infallible = write!(text, "<th scope=\"col\">{}</th>", random.word());
            }
            text.push_str("</tr></thead><tbody>\n");
            for _ in 0..random.within(2, 14) {
                let _infallible = writeln!(
                    text,
                    "    <tr data-id=\"{}\"><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                    random.uuid(),
                    random.word(),
                    random.within(0, 99_999),
                    random.time(),
                    random.sentence(3),
                );
            }
            text.push_str("  </tbody></table>\n");
        }
        2 => {
            let _infallible = writeln!(
                text,
                "  <form action=\"/{}\" method=\"post\" autocomplete=\"off\"><label for=\"{}\">{}</label><input type=\"password\" id=\"{}\" name=\"password\" placeholder=\"Password\" required><input type=\"hidden\" name=\"authenticity\" value=\"\"><button class=\"btn btn-primary\" type=\"submit\">{}</button></form>",
                random.word(),
                random.word(),
                random.sentence(2),
                random.word(),
                random.word(),
            );
        }
        3 => {
            text.push_str("  <svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 512 512\"><path fill=\"currentColor\" d=\"M");
            for _ in 0..random.within(10, 90) {
                let _infallible = write!(
                    text,
                    "{}.{}{}{}.{} ",
                    random.within(0, 512),
                    random.within(0, 99),
                    random.one(&["c", "l", "-", "h", "V", "z"]),
                    random.within(0, 512),
                    random.within(0, 99),
                );
            }
            text.push_str("\"/></svg>\n");
        }
        _ => {
            let _infallible = writeln!(
                text,
                "  <div class=\"card {}\" data-bs-toggle=\"{}\"><h{n} id=\"{}\">{}</h{n}><ul><li>{}</li><li><a href=\"/{}/{}?utm_source={}&amp;ref={}\">{}</a></li></ul></div>",
                random.word(),
                random.word(),
                random.word(),
                random.sentence(4),
                random.sentence(8),
                random.word(),
                random.word(),
                random.word(),
                random.hex(6),
                random.word(),
                n = random.within(2, 6),
            );
        }
    }
}

fn script(random: &mut Random, text: &mut String) {
    match random.within(0, 4) {
        0 => {
            let _infallible = writeln!(
                text,
                "  const {}{} = document.querySelectorAll(\".{}[data-{}]\");\n  for (let i = 0; i < {}; i++) {{ if (typeof {}[i].{} === \"function\" && i % {} !== 0) return {}(\"{}\", i); }}",
                random.word(),
                random.within(0, 99),
                random.word(),
                random.word(),
                random.within(2, 100),
                random.word(),
                random.word(),
                random.within(2, 9),
                random.word(),
                random.word(),
            );
        }
        1 => {
            let _infallible = writeln!(
                text,
                "  function {}(e,t,n){{var r=e.{},o=t.key||null;return void 0===r&&(r=n?{}:{}),o!==r.tokenType?(e.{}=t,!0):(t.stateNode.{}=r,e.return=t,t)}}",
                random.word(),
                random.word(),
                random.within(0, 64),
                random.within(0, 64),
                random.word(),
                random.word(),
            );
        }
        2 => {
            let _infallible = writeln!(
                text,
                "  fetch(\"/api/{}/\" + id, {{ headers: {{ \"X-Requested-With\": \"XMLHttpRequest\", Accept: \"application/json\" }} }})\n    .then((response) => response.json()) // {}\n    .catch((error) => console.error(\"{}\", error));",
                random.word(),
                random.sentence(6),
                random.word(),
            );
        }
        _ => {
            let _infallible = writeln!(
                text,
                "  window.__STATE__ = {{ {}: {}, {}: \"{}\", build: \"{}\", locale: [\"en-US\", \"{}\"], at: \"{}\" }};",
                random.word(),
                random.within(0, 9999),
                random.word(),
                random.sentence(3),
                random.hex(40),
                random.word(),
                random.time(),
            );
        }
    }
}
