//! What names mean in each module of a crate: items, modules and imports, followed to where a thing is defined.

use std::collections::HashMap;

use syn::visit::{self, Visit};
use syn::{Ident, Item, ItemUse, UseTree};

use super::tree::Crate;

/// What a path can end at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Module(usize),
    /// Something that `module` defines.
    Item {
        module: usize,
        kind: Kind,
    },
}

/// What an item is, as far as paths tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A path may go on behind it, to what belongs to it: a variant, a function of a type or a trait.
    Type,
    Value,
    Macro,
}

/// The names of all modules of a crate.
pub(super) struct Names<'c> {
    source: &'c Crate,
    scopes: Vec<Scope>,
}

#[derive(Default)]
struct Scope {
    named: HashMap<String, Vec<Meaning>>,
    /// Paths from which everything is imported.
    globs: Vec<Vec<String>>,
}

enum Meaning {
    Target(Target),
    Import(Vec<String>),
}

impl<'c> Names<'c> {
    pub(super) fn of(source: &'c Crate) -> Self {
        let mut scopes: Vec<Scope> = source.modules.iter().map(|_| Scope::default()).collect();
        for (index, module) in source.modules.iter().enumerate() {
            if let Some(parent) = module.parent {
                scopes[parent].add(module.name.clone(), Meaning::Target(Target::Module(index)));
            }
            for item in &module.items {
                let Some((name, kind)) = defined(item) else { continue };
                let target = Target::Item { module: index, kind };
                scopes[index].add(name.clone(), Meaning::Target(target));
                if is_exported_macro(item) {
                    scopes[0].add(name, Meaning::Target(target));
                }
            }
            let mut imports = Imports::default();
            module.items.iter().for_each(|item| imports.visit_item(item));
            for import in imports.0.iter().flat_map(|import| leaves(&import.tree)) {
                scopes[index].import(import);
            }
        }
        Self { source, scopes }
    }

    /// All that `path` can mean in `module`; nothing when it leads to another crate.
    pub(super) fn resolve(&self, module: usize, path: &[String]) -> Vec<Target> {
        let mut found: Vec<Target> = Vec::new();
        for target in self.walk(module, path, &mut Vec::new()) {
            if !found.contains(&target) {
                found.push(target);
            }
        }
        if let ([name], []) = (path, found.as_slice()) {
            return self.macro_above(module, name).into_iter().collect();
        }
        found
    }

    /// `open` holds the imports that are being followed: one that leads to itself leads nowhere.
    fn walk(&self, module: usize, path: &[String], open: &mut Vec<(usize, Vec<String>)>) -> Vec<Target> {
        let here = (module, path.to_vec());
        if open.contains(&here) {
            return Vec::new();
        }
        open.push(here);
        let (mut found, rest) = self.start(module, path, open);
        for name in rest {
            found = found.into_iter().flat_map(|target| self.step(target, name, open)).collect();
        }
        open.pop();
        found
    }

    /// What the beginning of a path means, and what comes behind it.
    fn start<'p>(
        &self,
        module: usize,
        path: &'p [String],
        open: &mut Vec<(usize, Vec<String>)>,
    ) -> (Vec<Target>, &'p [String]) {
        let Some((first, mut rest)) = path.split_first() else { return (vec![Target::Module(module)], path) };
        let mut at = match first.as_str() {
            "crate" => Some(0),
            "self" => Some(module),
            "super" => self.source.modules[module].parent,
            name => return (self.lookup(module, name, open), rest),
        };
        while rest.first().is_some_and(|next| next == "super") {
            at = at.and_then(|module| self.source.modules[module].parent);
            rest = &rest[1..];
        }
        (at.map(Target::Module).into_iter().collect(), rest)
    }

    /// What `name` means behind `target`.
    fn step(&self, target: Target, name: &str, open: &mut Vec<(usize, Vec<String>)>) -> Vec<Target> {
        match target {
            Target::Module(module) => self.lookup(module, name, open),
            Target::Item { kind: Kind::Type, .. } => vec![target],
            Target::Item { .. } => Vec::new(),
        }
    }

    fn lookup(&self, module: usize, name: &str, open: &mut Vec<(usize, Vec<String>)>) -> Vec<Target> {
        let scope = &self.scopes[module];
        let mut found = Vec::new();
        for meaning in scope.named.get(name).into_iter().flatten() {
            match meaning {
                Meaning::Target(target) => found.push(*target),
                Meaning::Import(path) => found.extend(self.walk(module, path, open)),
            }
        }
        if found.is_empty() {
            for glob in &scope.globs {
                // The variants of an enum are not listed here; naming the enum in the import is need enough.
                if matches!(self.walk(module, glob, open).first(), Some(Target::Module(_))) {
                    let path: Vec<String> = glob.iter().cloned().chain([name.to_owned()]).collect();
                    found.extend(self.walk(module, &path, open));
                }
            }
        }
        found
    }

    /// A macro that a module above defines is in scope below it without an import.
    fn macro_above(&self, module: usize, name: &str) -> Option<Target> {
        let above = std::iter::successors(Some(module), |module| self.source.modules[*module].parent);
        let meanings = above.filter_map(|module| self.scopes[module].named.get(name)).flatten();
        meanings.into_iter().find_map(|meaning| match meaning {
            Meaning::Target(target @ Target::Item { kind: Kind::Macro, .. }) => Some(*target),
            _ => None,
        })
    }
}

impl Scope {
    fn add(&mut self, name: String, meaning: Meaning) {
        self.named.entry(name).or_default().push(meaning);
    }

    fn import(&mut self, leaf: Leaf) {
        match leaf.name {
            Some(name) => self.add(name, Meaning::Import(leaf.path)),
            None => self.globs.push(leaf.path),
        }
    }
}

/// The imports of a module, those in its functions included: what they name is looked up as if they stood on top.
#[derive(Default)]
struct Imports<'c>(Vec<&'c ItemUse>);

impl<'c> Visit<'c> for Imports<'c> {
    fn visit_item_use(&mut self, import: &'c ItemUse) {
        // A path that begins with `::` leads to another crate.
        if import.leading_colon.is_none() {
            self.0.push(import);
        }
        visit::visit_item_use(self, import);
    }
}

/// One thing that an import names.
pub(super) struct Leaf {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    /// The name under which it is imported; `None` stands for everything that the path holds.
    name: Option<String>,
}

/// All that an import names.
pub(super) fn leaves(tree: &UseTree) -> Vec<Leaf> {
    let mut found = Vec::new();
    flatten(tree, &mut Vec::new(), &mut found);
    found
}

fn flatten(tree: &UseTree, above: &mut Vec<String>, found: &mut Vec<Leaf>) {
    // `{self}` is what stands before the brace.
    let mut leaf = |end: &Ident, name: Option<&Ident>| {
        let mut path = above.clone();
        if end != "self" || path.is_empty() {
            path.push(end.to_string());
        }
        let name = name.map(ToString::to_string).or_else(|| path.last().cloned());
        found.push(Leaf { path, line: end.span().start().line, name });
    };
    match tree {
        UseTree::Name(end) => leaf(&end.ident, None),
        UseTree::Rename(end) => leaf(&end.ident, Some(&end.rename)),
        UseTree::Glob(end) => {
            let line = end.star_token.spans[0].start().line;
            found.push(Leaf { path: above.clone(), line, name: None });
        }
        UseTree::Path(part) => {
            above.push(part.ident.to_string());
            flatten(&part.tree, above, found);
            above.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, above, found)),
    }
}

/// The name that an item defines in its module.
fn defined(item: &Item) -> Option<(String, Kind)> {
    let (name, kind) = match item {
        Item::Const(item) => (&item.ident, Kind::Value),
        Item::Fn(item) => (&item.sig.ident, Kind::Value),
        Item::Static(item) => (&item.ident, Kind::Value),
        Item::Enum(item) => (&item.ident, Kind::Type),
        Item::Struct(item) => (&item.ident, Kind::Type),
        Item::Trait(item) => (&item.ident, Kind::Type),
        Item::TraitAlias(item) => (&item.ident, Kind::Type),
        Item::Type(item) => (&item.ident, Kind::Type),
        Item::Union(item) => (&item.ident, Kind::Type),
        Item::Macro(item) => (item.ident.as_ref()?, Kind::Macro),
        _ => return None,
    };
    Some((name.to_string(), kind))
}

fn is_exported_macro(item: &Item) -> bool {
    matches!(item, Item::Macro(item) if item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export")))
}
