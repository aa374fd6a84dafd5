//! How a step of the story is told: who asks what, what was promised, what came back, and whether the two agree.

use std::fmt::Display;
use std::io::Write as _;

use serde_json::Value;

use crate::exit::explain;
use crate::terminal::Paint;

/// Tells the steps one after another and counts those that differ from their promise.
pub(super) struct Story {
    paint: Paint,
    steps: usize,
    differing: usize,
}

impl Story {
    pub(super) fn new(paint: Paint) -> Self {
        Self {
            paint,
            steps: 0,
            differing: 0,
        }
    }

    /// Plays one step. A step that cannot be played to its end (a connection that breaks, say) differs too; the next one is played
    /// all the same.
    pub(super) async fn step(
        &mut self,
        title: &str,
        play: impl AsyncFnOnce(&mut Scene) -> anyhow::Result<()>,
    ) {
        self.steps += 1;
        say(format_args!(
            "\n{:>2}  {}",
            self.steps,
            self.paint.bold(title)
        ));
        let mut scene = Scene {
            paint: self.paint,
            checks: 0,
            differences: Vec::new(),
        };
        if let Err(error) = play(&mut scene).await {
            scene
                .differences
                .push(format!("stopped early: {}", explain(&error)));
        }
        if scene.checks == 0 {
            scene.differences.push("nothing was compared".to_owned());
        }
        if scene.differences.is_empty() {
            scene.line("", self.paint.good("OK"));
            return;
        }
        self.differing += 1;
        for difference in &scene.differences {
            scene.line(self.paint.bad("differs"), difference);
        }
    }

    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    pub(super) fn differing(&self) -> usize {
        self.differing
    }
}

/// One step while it is played.
pub(super) struct Scene {
    paint: Paint,
    checks: usize,
    differences: Vec<String>,
}

impl Scene {
    /// Who asks, and for what.
    pub(super) fn asks(&self, who: &str, what: impl Display) {
        self.note("asks", format_args!("{who}: {what}"));
    }

    /// What the reader should expect.
    pub(super) fn promise(&self, text: &str) {
        self.note("promise", text);
    }

    /// What came back.
    pub(super) fn answer(&self, text: impl Display) {
        self.note("answer", text);
    }

    /// Something else worth seeing.
    pub(super) fn note(&self, label: &str, text: impl Display) {
        self.line(self.paint.faint(label), text);
    }

    /// Compares; `what` names the thing compared.
    pub(super) fn equal<T: PartialEq + std::fmt::Debug>(
        &mut self,
        what: &str,
        got: &T,
        promised: &T,
    ) {
        self.holds(got == promised, || {
            format!("{what}: promised {promised:?}, got {got:?}")
        });
    }

    /// Compares JSON, which reads better as JSON.
    pub(super) fn same(&mut self, what: &str, got: &Value, promised: &Value) {
        self.holds(got == promised, || {
            format!("{what}: promised {promised}, got {got}")
        });
    }

    /// Requires `condition`; otherwise the step differs, as described.
    pub(super) fn holds(&mut self, condition: bool, difference: impl FnOnce() -> String) {
        self.checks += 1;
        if !condition {
            self.differences.push(difference());
        }
    }

    fn line(&self, label: impl Display, text: impl Display) {
        let label = label.to_string();
        // Padded by hand: a format width would count the colour codes.
        let padding = " ".repeat(LABEL.saturating_sub(width(&label)));
        let hanging = format!("\n{}", " ".repeat(INDENT + LABEL + 1));
        let text = wrap(&text.to_string())
            .iter()
            .map(|line| line.trim_end())
            .collect::<Vec<_>>()
            .join(&hanging);
        say(format_args!(
            "{}{label}{padding} {text}",
            " ".repeat(INDENT)
        ));
    }
}

/// Columns before a label, the widest label, and the columns of text after it.
const INDENT: usize = 4;
const LABEL: usize = 8;
const TEXT: usize = 107;

/// Cuts a long text, typically JSON, into lines: after a comma or a space where there is one.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in text.split_inclusive([',', ' ']) {
        if !line.is_empty() && width(&line) + width(piece.trim_end()) > TEXT {
            lines.push(std::mem::take(&mut line));
        }
        line.push_str(piece);
    }
    lines.push(line);
    lines
}

/// Columns on the screen: colour codes take none.
fn width(text: &str) -> usize {
    let mut columns = 0;
    let mut code = false;
    for character in text.chars() {
        match character {
            '\x1b' => code = true,
            'm' if code => code = false,
            _ if code => {}
            _ => columns += 1,
        }
    }
    columns
}

/// Writes a line to standard output. A reader who has gone away ends nothing: what was started must still be ended in order.
pub(super) fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(act: impl AsyncFnOnce(&mut Scene) -> anyhow::Result<()>) -> usize {
        let mut story = Story::new(Paint::detect(true));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(story.step("a step", act));
        story.differing()
    }

    #[test]
    fn a_step_that_keeps_its_promise_counts_as_told() {
        assert_eq!(
            play(async |scene| {
                scene.equal("status", &200, &200);
                Ok(())
            }),
            0
        );
    }

    #[test]
    fn a_difference_an_error_and_an_empty_step_all_count() {
        assert_eq!(
            play(async |scene| {
                scene.equal("status", &500, &200);
                Ok(())
            }),
            1
        );
        assert_eq!(
            play(async |scene| {
                scene.equal("status", &200, &200);
                anyhow::bail!("no route")
            }),
            1
        );
        assert_eq!(play(async |_| Ok(())), 1);
    }

    #[test]
    fn long_json_is_cut_after_commas_and_loses_nothing() {
        let text = format!("{{{}}}", vec!["\"name\":\"a value\""; 40].join(","));
        let lines = wrap(&text);
        assert!(
            lines.len() > 5 && lines.iter().all(|line| width(line) <= TEXT + 1),
            "{lines:?}"
        );
        assert_eq!(lines.concat(), text);
        assert_eq!(wrap("short"), ["short"]);
    }

    #[test]
    fn colour_codes_have_no_width() {
        assert_eq!(width("\x1b[1;31mdiffers\x1b[0m"), 7);
    }
}
