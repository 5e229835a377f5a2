//! The modules of a crate, read from its source as the compiler finds them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use syn::punctuated::Punctuated;
use syn::{Attribute, Item, Meta, Token};

/// A crate's modules; the first is the root.
pub(super) struct Crate {
    pub(super) modules: Vec<Module>,
}

/// A module: a file, or a block in one.
pub(super) struct Module {
    pub(super) name: String,
    pub(super) file: PathBuf,
    pub(super) parent: Option<usize>,
    /// What it holds, but for what is only there in tests.
    pub(super) items: Vec<Item>,
}

impl Crate {
    /// Reads the crate in `folder`, from `src/lib.rs` or `src/main.rs` on.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let source = folder.join("src");
        let roots = ["lib.rs", "main.rs"].map(|name| source.join(name));
        let Some(root) = roots.iter().find(|root| root.is_file()) else {
            bail!("{} holds neither lib.rs nor main.rs", source.display());
        };
        let mut found = Self { modules: Vec::new() };
        found
            .add(Module { name: "crate".to_owned(), file: root.clone(), parent: None, items: parse(root)? }, &source)?;
        Ok(found)
    }

    /// Adds a module, and those in it: their files lie in `folder`.
    fn add(&mut self, mut module: Module, folder: &Path) -> Result<()> {
        module.items.retain(|item| !only_in_tests(attributes(item)));
        let (file, index) = (module.file.clone(), self.modules.len());
        let (inner, items): (Vec<_>, Vec<_>) = module.items.into_iter().partition(|item| matches!(item, Item::Mod(_)));
        self.modules.push(Module { items, ..module });
        for item in inner {
            let Item::Mod(declared) = item else { continue };
            let name = declared.ident.to_string();
            if declared.attrs.iter().any(|attribute| attribute.path().is_ident("path")) {
                bail!("{}: the file of module {name} is set by an attribute, which is not followed", file.display());
            }
            let (file, items) = match declared.content {
                Some((_, items)) => (file.clone(), items),
                None => {
                    let file = file_of(folder, &name).with_context(|| file.display().to_string())?;
                    (file.clone(), parse(&file)?)
                }
            };
            self.add(Module { file, parent: Some(index), items, name: name.clone() }, &folder.join(&name))?;
        }
        Ok(())
    }
}

fn file_of(folder: &Path, name: &str) -> Result<PathBuf> {
    let places = [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")];
    places.into_iter().find(|place| place.is_file()).with_context(|| format!("module {name} has no file"))
}

fn parse(file: &Path) -> Result<Vec<Item>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let parsed = syn::parse_file(&text).map_err(|error| {
        let at = error.span().start();
        anyhow::anyhow!("{}:{}:{}: {error}", file.display(), at.line, at.column + 1)
    })?;
    Ok(parsed.items)
}

/// Whether what has these attributes is compiled for tests alone.
pub(super) fn only_in_tests(attributes: &[Attribute]) -> bool {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.filter_map(|condition| condition.parse_args::<Meta>().ok()).any(|condition| needs_test(&condition))
}

/// Whether a condition holds in tests alone.
fn needs_test(condition: &Meta) -> bool {
    let Meta::List(list) = condition else { return condition.path().is_ident("test") };
    let Ok(parts) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) else { return false };
    match list.path.get_ident().map(ToString::to_string).as_deref() {
        Some("all") => parts.iter().any(needs_test),
        Some("any") => !parts.is_empty() && parts.iter().all(needs_test),
        _ => false,
    }
}

pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
