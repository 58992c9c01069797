//! Profiles of an account's servers: what becomes of each server, and how all of it is kept.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;

use crate::config::profile::{Profile, ProfileName, TokenAt};
use crate::config::{ConfigError, change, secret};
use crate::postmark::{Account, ApiError, ApiUrl, MASK, Secret, Server, ServerId};

/// No account has more servers: a listing that goes on beyond is none.
const MOST_SERVERS: usize = 100_000;

/// A profile's name is not longer.
const LONGEST_NAME: usize = 64;

/// The servers of an account.
pub struct Listed {
    /// Each once, in Postmark's order.
    pub servers: Vec<Server>,
    /// How many Postmark says there are.
    pub counted: usize,
}

/// Lists all servers, page by page. `on_page` hears how many there are so far, and of how many.
pub fn servers(account: &Account, on_page: impl Fn(usize, usize)) -> Result<Listed, ApiError> {
    let (mut servers, mut known, mut offset) = (Vec::new(), HashSet::new(), 0);
    loop {
        let page = account.servers(offset)?;
        let (counted, before) = (page.total_count, servers.len());
        offset += page.servers.len();
        servers.extend(page.servers.into_iter().filter(|server| known.insert(server.id)));
        on_page(servers.len(), counted);
        // A page without anything new is the end, whatever the count says.
        let is_last = servers.len() == before || servers.len() > MOST_SERVERS;
        if offset >= counted || is_last {
            return Ok(Listed { servers, counted });
        }
    }
}

/// What new profiles have in common.
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// The API, if it is not Postmark's own.
    pub api_url: Option<ApiUrl>,
    /// Writes need the profile's name.
    pub protected: bool,
    /// Writes are refused.
    pub read_only: bool,
}

/// A server, and what becomes of it.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its ID.
    pub server_id: ServerId,
    /// Its name at Postmark, whatever that is.
    pub server_name: String,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a server.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It gets this profile.
    Added(Profile),
    /// Its profile gets another token: the one that it held opens nothing any more.
    Updated(Profile),
    /// It has a profile, which stays as it is.
    Kept(ProfileName),
    /// It gets none, and why.
    Skipped(&'static str),
}

impl Fate {
    /// The profile, new or old.
    pub fn profile(&self) -> Option<&ProfileName> {
        match self {
            Self::Added(profile) | Self::Updated(profile) => Some(&profile.name),
            Self::Kept(name) => Some(name),
            Self::Skipped(_) => None,
        }
    }

    /// The word for it in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Added(_) => "Added",
            Self::Updated(_) => "Updated",
            Self::Kept(_) => "Kept",
            Self::Skipped(_) => "Skipped",
        }
    }
}

/// Decides on each server. `existing` are the profiles of the same API, `names` those of all profiles: a
/// name that is taken is never taken again.
pub fn plan(
    servers: &[Server],
    existing: &[Profile],
    names: &[String],
    common: &Common,
) -> Vec<Import> {
    let mut taken: HashSet<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    taken.insert(ProfileName::SANDBOX.to_owned());
    // By ID, so that of two servers with one name always the older has it to itself.
    let mut order: Vec<usize> = (0..servers.len()).collect();
    order.sort_by_key(|index| servers.get(*index).map(|server| server.id));
    let mut fates: Vec<(usize, Vec<Fate>)> = Vec::with_capacity(servers.len());
    for index in order {
        if let Some(server) = servers.get(index) {
            fates.push((index, fates_of(server, existing, &mut taken, common)));
        }
    }
    fates.sort_by_key(|(index, _)| *index);
    let import = |server: &Server, fate| Import {
        server_id: server.id,
        server_name: server.name.clone(),
        fate,
    };
    let pairs = servers.iter().zip(fates);
    pairs.flat_map(|(s, (_, fates))| fates.into_iter().map(move |f| import(s, f))).collect()
}

/// A server may have several profiles already, such as one that is read-only.
fn fates_of(
    server: &Server,
    existing: &[Profile],
    names: &mut HashSet<String>,
    common: &Common,
) -> Vec<Fate> {
    let tokens = tokens(server);
    let is_good = |held: &Secret| {
        tokens.iter().any(|token| token.expose().eq_ignore_ascii_case(held.expose()))
    };
    let is_its = |profile: &&Profile| match (&profile.server_id, &profile.token) {
        (Some(id), _) => *id == server.id,
        (None, TokenAt::Here(held)) => is_good(held),
        (None, _) => false,
    };
    let fate = |profile: &Profile| match (&profile.token, tokens.first()) {
        (TokenAt::Here(held), Some(token)) if !is_good(held) => Fate::Updated(Profile {
            token: TokenAt::Here(token.clone()),
            server_name: Some(server.name.clone()),
            ..profile.clone()
        }),
        _ => Fate::Kept(profile.name.clone()),
    };
    let fates: Vec<Fate> = existing.iter().filter(is_its).map(fate).collect();
    if !fates.is_empty() {
        return fates;
    }
    let Some(token) = tokens.into_iter().next() else {
        return vec![Fate::Skipped("it has no token")];
    };
    let Some(name) = name(server, names) else {
        return vec![Fate::Skipped("there is no free name for it")];
    };
    vec![Fate::Added(Profile {
        name,
        token: TokenAt::Here(token),
        server_id: Some(server.id),
        server_name: Some(server.name.clone()),
        stream: None,
        protected: common.protected,
        read_only: common.read_only,
        api_url: common.api_url.clone(),
        vars: Vec::new(),
    })]
}

/// The tokens of a server that can be ones.
fn tokens(server: &Server) -> Vec<Secret> {
    let tokens = server.get("ApiTokens").and_then(Value::as_array).into_iter().flatten();
    let texts = tokens.filter_map(Value::as_str).filter(|text| !text.is_empty() && *text != MASK);
    texts.filter_map(|t| secret::check_token(Secret::new(t), "a token", "Postmark").ok()).collect()
}

/// A name that nobody has yet: the server's own, or with its ID.
fn name(server: &Server, taken: &mut HashSet<String>) -> Option<ProfileName> {
    let own = slug(&server.name);
    let with_id = with_end(own.as_deref().unwrap_or("server"), &format!("-{}", server.id));
    let further = (2..100).map(|n| with_end(&with_id, &format!("-{n}")));
    let all = own.into_iter().chain([with_id.clone()]).chain(further);
    let free = all.into_iter().find(|name| !taken.contains(name))?;
    taken.insert(free.clone());
    free.parse().ok()
}

/// A server's name in the letters of a profile's; nothing where no letter is left.
fn slug(name: &str) -> Option<String> {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if let Some(letters) = without_marks(c) {
            slug.push_str(letters);
        } else if !slug.ends_with(['-', '_', '.']) {
            slug.push(if matches!(c, '_' | '.') { c } else { '-' });
        }
    }
    let slug = slug.trim_matches(['-', '_', '.']);
    (!slug.is_empty()).then(|| with_end(slug, ""))
}

/// A letter of a Latin alphabet in those of ASCII.
fn without_marks(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ì'..='ï' | 'ĩ' | 'ī' | 'į' | 'ı' => "i",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

/// A name with an end, the name shortened where both are too long. It is ASCII.
fn with_end(name: &str, end: &str) -> String {
    let room = LONGEST_NAME.saturating_sub(end.len()).min(name.len());
    let start = name.get(..room).unwrap_or(name).trim_end_matches(['-', '_', '.']);
    format!("{start}{end}")
}

/// The profile that becomes the default: a single one in a configuration that had none.
pub fn default<'a>(imports: &'a [Import], names: &[String]) -> Option<&'a ProfileName> {
    match imports.iter().filter_map(|import| import.fate.profile()).collect::<Vec<_>>().as_slice() {
        [only] if names.is_empty() => Some(only),
        _ => None,
    }
}

/// Keeps all that is new, in one change of the file. Says whether `default` is the default now.
pub fn keep(
    path: &Path,
    imports: &[Import],
    default: Option<&ProfileName>,
) -> Result<bool, ConfigError> {
    let changes = |import: &Import| matches!(import.fate, Fate::Added(_) | Fate::Updated(_));
    if !imports.iter().any(changes) {
        return Ok(false);
    }
    change::file(path, |document| {
        for import in imports {
            let (profile, is_new) = match &import.fate {
                Fate::Added(profile) => (profile, true),
                Fate::Updated(profile) => (profile, false),
                Fate::Kept(_) | Fate::Skipped(_) => continue,
            };
            // Somebody else may have been at the file since it was read.
            if change::contains(document, &profile.name) == is_new {
                let name = &profile.name;
                let what =
                    format!("the profile {name} was added or removed meanwhile; run it again");
                return Err(ConfigError::Refused(what));
            }
            change::put(document, profile)?;
        }
        let Some(default) = default.filter(|_| !change::has_default(document)) else {
            return Ok(false);
        };
        change::set_default(document, default);
        Ok(true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_letters_without_their_marks() {
        assert_eq!(slug("Café Zürich (Łódź)").as_deref(), Some("cafe-zurich-lodz"));
        assert_eq!(slug("Straße 漢字 1").as_deref(), Some("strasse-1"));
        assert_eq!(slug("漢字"), None);
    }
}
