//! Every place in a crate's source that names something of the crate.

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ImplItemFn, Item, ItemMacro, ItemUse, Macro, PatIdent, Token, TraitItemFn, Visibility};

use super::graph::Need;
use super::names::{Names, Target, leaves};
use super::tree::{Crate, attributes, only_in_tests};

/// What each file needs, of itself too.
pub(super) fn needs(source: &Crate, names: &Names<'_>) -> Vec<Need> {
    let mut found = Vec::new();
    for (module, here) in source.modules.iter().enumerate() {
        let mut uses = Uses { source, names, module, bound: Vec::new(), found };
        here.items.iter().for_each(|item| uses.visit_item(item));
        found = uses.found;
    }
    found
}

struct Uses<'c> {
    source: &'c Crate,
    names: &'c Names<'c>,
    module: usize,
    /// Variables of the function that is being read.
    bound: Vec<String>,
    found: Vec<Need>,
}

impl Uses<'_> {
    fn add(&mut self, path: &[String], line: usize) {
        if let [name] = path
            && self.bound.contains(name)
        {
            return;
        }
        let from = &self.source.modules[self.module].file;
        for target in self.names.resolve(self.module, path) {
            if let Target::Item { module, .. } = target {
                let to = self.source.modules[module].file.clone();
                self.found.push(Need { from: from.clone(), line, path: path.join("::"), to });
            }
        }
    }

    /// Reads an item or a function, whose variables end with it.
    fn scope(&mut self, read: impl FnOnce(&mut Self)) {
        let outer = self.bound.len();
        read(self);
        self.bound.truncate(outer);
    }

    /// Paths in what only a macro understands. With `everything`, names alone are taken for paths too.
    fn tokens(&mut self, tokens: TokenStream, everything: bool) {
        let mut rest = tokens.into_iter().peekable();
        let is =
            |token: Option<&TokenTree>, sign: char| matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == sign);
        let mut before = None;
        while let Some(token) = rest.next() {
            match &token {
                TokenTree::Group(group) => self.tokens(group.stream(), everything),
                TokenTree::Ident(first) => {
                    let line = first.span().start().line;
                    let mut path = vec![first.to_string()];
                    let mut names_field = false;
                    while is(rest.peek(), ':') {
                        rest.next();
                        if !is(rest.peek(), ':') {
                            // One colon stands behind the name of a field.
                            names_field = path.len() == 1;
                            break;
                        }
                        rest.next();
                        let Some(TokenTree::Ident(next)) = rest.next_if(|token| matches!(token, TokenTree::Ident(_)))
                        else {
                            break;
                        };
                        path.push(next.to_string());
                    }
                    let of_crate = path[0] == "crate" && is(before.as_ref(), '$');
                    // Behind a point stands a field or a method, behind a dollar a variable of the macro.
                    let of_other = names_field || is(before.as_ref(), '.') || is(before.as_ref(), '$');
                    if of_crate || (everything && !of_other) {
                        self.add(&path, line);
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            before = Some(token);
        }
    }
}

impl<'a> Visit<'a> for Uses<'_> {
    fn visit_item(&mut self, item: &'a Item) {
        if !only_in_tests(attributes(item)) {
            self.scope(|uses| visit::visit_item(uses, item));
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'a ImplItemFn) {
        if !only_in_tests(&item.attrs) {
            self.scope(|uses| visit::visit_impl_item_fn(uses, item));
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'a TraitItemFn) {
        self.scope(|uses| visit::visit_trait_item_fn(uses, item));
    }

    fn visit_item_use(&mut self, import: &'a ItemUse) {
        // What is handed on is not needed by that.
        if import.leading_colon.is_some() || !matches!(import.vis, Visibility::Inherited) {
            return;
        }
        for leaf in leaves(&import.tree) {
            self.add(&leaf.path, leaf.line);
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        if let (None, Some(first)) = (path.leading_colon, path.segments.first()) {
            let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.add(&names, first.ident.span().start().line);
        }
        // Types in angle brackets have paths of their own.
        visit::visit_path(self, path);
    }

    fn visit_pat_ident(&mut self, pattern: &'a PatIdent) {
        let name = pattern.ident.to_string();
        // A constant in a pattern looks like a variable, but for its capitals.
        if name.starts_with(char::is_uppercase) {
            self.add(&[name], pattern.ident.span().start().line);
        } else {
            self.bound.push(name);
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_item_macro(&mut self, item: &'a ItemMacro) {
        // In the definition of a macro, only paths from the crate on mean the same wherever it is used.
        if item.ident.is_some() {
            self.tokens(item.mac.tokens.clone(), false);
        } else {
            self.visit_macro(&item.mac);
        }
    }

    fn visit_macro(&mut self, called: &'a Macro) {
        self.visit_path(&called.path);
        // Most macros take expressions, which tell names of variables from others.
        match called.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            Ok(arguments) => arguments.iter().for_each(|argument| self.visit_expr(argument)),
            Err(_) => self.tokens(called.tokens.clone(), true),
        }
    }

    /// Attributes name macros of other crates, and text.
    fn visit_attribute(&mut self, _: &'a Attribute) {}

    /// `pub(in path)` lends, it needs nothing.
    fn visit_visibility(&mut self, _: &'a Visibility) {}
}
