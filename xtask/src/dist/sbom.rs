//! The bill of materials of a bundle, as CycloneDX in JSON: the crates inside the plugin, the wheels that its libraries are
//! from, and who uses whom.
//!
//! Written here: the crate of CycloneDX reads and writes every version of the format, and takes more crates to do it than
//! this has lines.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rlx_mlx_vendor::{Package, Pins};
use serde_json::{Value, json};

use super::linked::{Crate, CrateId, Linked};
use crate::cargo::Workspace;
use crate::provision::Provisioned;

/// File name in the bundle.
const FILE: &str = "sbom.cdx.json";

/// Writes the bill of materials into the bundle's folder. It has neither a date nor a number of its own: the same bundle has
/// the same.
pub(crate) fn write(workspace: &Workspace, libraries: &Provisioned, linked: &Linked, folder: &Path) -> Result<()> {
    let wheels = wheels(libraries)?;
    let id =
        linked.crates.keys().find(|id| id.name == "rlx-mlx-plugin").context("the plugin is not in its own tree")?;
    let plugin = &linked.crates[id];
    let others = linked.crates.iter().filter(|(other, _)| *other != id);
    let components: Vec<Value> = others.map(|(id, about)| component(id, about)).chain(wheels.clone()).collect();
    let mut dependencies: Vec<Value> = linked.crates.iter().map(|(id, about)| depends(id, about)).collect();
    for dependency in &mut dependencies {
        if dependency["ref"] == json!(reference(id))
            && let Some(list) = dependency["dependsOn"].as_array_mut()
        {
            list.extend(wheels.iter().map(|wheel| wheel["bom-ref"].clone()));
        }
    }
    dependencies.extend(wheels.iter().map(|wheel| json!({ "ref": wheel["bom-ref"], "dependsOn": [] })));
    let mut main = component(id, plugin);
    main["version"] = json!(workspace.version("rlx-mlx-plugin")?);
    let bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": main },
        "components": components,
        "dependencies": dependencies,
    });
    let path = folder.join(FILE);
    fs::write(&path, format!("{bill:#}\n")).with_context(|| format!("cannot write {}", path.display()))
}

fn reference(CrateId { name, version }: &CrateId) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

fn component(id: &CrateId, about: &Crate) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(id),
        "name": id.name,
        "version": id.version,
        "purl": reference(id),
        "licenses": [{ "expression": about.licence }],
    });
    if let Some(sha256) = &about.sha256 {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sha256 }]);
    }
    component
}

fn depends(id: &CrateId, about: &Crate) -> Value {
    json!({ "ref": reference(id), "dependsOn": about.dependencies.iter().map(reference).collect::<Vec<_>>() })
}

/// The wheels that the bundle's libraries are from.
fn wheels(libraries: &Provisioned) -> Result<Vec<Value>> {
    let pins = Pins::embedded()?;
    let mut wheels = Vec::new();
    let (flavour, target) = (libraries.flavour.name(), &libraries.target);
    let roles = [Some((flavour, "MIT")), libraries.openblas.as_ref().map(|_| ("openblas", "BSD-3-Clause"))];
    for (role, licence) in roles.into_iter().flatten() {
        let Package { name, version, wheel, .. } = pins.package(role)?;
        let wheel = wheel.iter().find(|wheel| wheel.os == target.os && wheel.arch == target.arch);
        let purl = format!("pkg:pypi/{name}@{version}");
        let mut component = json!({
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
            "licenses": [{ "expression": licence }],
        });
        if let Some(wheel) = wheel {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": wheel.sha256 }]);
        }
        wheels.push(component);
    }
    Ok(wheels)
}
