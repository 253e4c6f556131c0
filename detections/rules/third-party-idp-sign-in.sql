-- A sign-in by another identity provider
--
-- Somebody signed in through an identity provider outside Okta. Compare it with those that the org expects: an
-- attacker with an administrator's rights can add one and sign in as anybody.
--
-- Follows: Panther, okta_idp_signin: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_idp_signin.yml
-- Follows: Elastic, Okta Sign-In Events via Third-Party IdP: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/initial_access_sign_in_events_via_third_party_idp.toml
-- ATT&CK: T1199 Trusted Relationship
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS account, actor.idp.name AS identity_provider, src_endpoint.ip AS ip, status, status_detail,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('user.authentication.auth_via_IDP', 'user.authentication.auth_via_inbound_SAML',
                              'user.authentication.auth_via_social');
