//! Which requests are answered at all.
//!
//! A page of another site can make a browser send requests to this machine.
//! It can't choose the Host header, which names its own site where its address
//! has been re-bound to 127.0.0.1, nor hide where the request comes from.

use super::refusal::Refusal;

/// What the decision rests on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    pub is_get: bool,
    pub host: Option<&'a str>,
    pub origin: Option<&'a str>,
    /// `Sec-Fetch-Site`, which newer browsers send.
    pub site: Option<&'a str>,
    /// Whether it is for numbers rather than for the page itself.
    pub is_api: bool,
}

/// Lets through GET from this server's own page, and from programs on this
/// machine, which name no origin.
pub fn admit(asked: Asked<'_>, port: u16) -> Result<(), Refusal> {
    let names = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    let host = asked.host.unwrap_or_default();
    if !names.iter().any(|name| name.eq_ignore_ascii_case(host)) {
        return Err(Refusal::forbidden(format!(
            "the Host header has to be {}",
            names[0]
        )));
    }
    let own = |origin: &str| {
        names
            .iter()
            .any(|name| origin.eq_ignore_ascii_case(&format!("http://{name}")))
    };
    if asked.origin.is_some_and(|origin| !own(origin)) {
        return Err(Refusal::forbidden("requests of other sites are refused"));
    }
    let foreign = |site| !matches!(site, "same-origin" | "none");
    if asked.is_api && asked.site.is_some_and(foreign) {
        return Err(Refusal::forbidden("requests of other sites are refused"));
    }
    if !asked.is_get {
        return Err(Refusal::method());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Asked<'_> = Asked {
        is_get: true,
        host: Some("127.0.0.1:80"),
        origin: None,
        site: None,
        is_api: true,
    };

    fn status(asked: Asked<'_>) -> Option<u16> {
        admit(asked, 80).err().map(|refusal| refusal.status)
    }

    #[test]
    fn its_own_page_and_local_programs_are_let_in() {
        let origin = Some("http://localhost:80");
        let site = Some("same-origin");
        for asked in [
            OWN,
            Asked {
                origin,
                site,
                ..OWN
            },
        ] {
            assert_eq!(status(asked), None, "{asked:?}");
        }
    }

    #[test]
    fn other_hosts_origins_sites_and_methods_are_not() {
        let refused = [
            Asked { host: None, ..OWN },
            Asked {
                host: Some("127.0.0.1"),
                ..OWN
            },
            Asked {
                host: Some("127.0.0.1:81"),
                ..OWN
            },
            Asked {
                host: Some("example.org:80"),
                ..OWN
            },
            Asked {
                origin: Some("null"),
                ..OWN
            },
            Asked {
                origin: Some("https://127.0.0.1:80"),
                ..OWN
            },
            Asked {
                origin: Some("http://127.0.0.1:80.example.org"),
                ..OWN
            },
            Asked {
                site: Some("cross-site"),
                ..OWN
            },
            Asked {
                site: Some("same-site"),
                ..OWN
            },
        ];
        for asked in refused {
            assert_eq!(status(asked), Some(403), "{asked:?}");
        }
        assert_eq!(
            status(Asked {
                is_get: false,
                ..OWN
            }),
            Some(405)
        );
    }
}
