-- Somebody acts as another user
--
-- Access as another user was granted, or begun: Okta's support does so with an administrator's consent, and
-- nobody else should.
--
-- Follows: Sigma, Okta Session Impersonation Grant: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_session_impersonation_granted.yml
-- Follows: Elastic, Okta User Session Impersonation: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_user_impersonation_access.toml
-- Follows: Panther, okta_account_support_access: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_account_support_access.yml
-- ATT&CK: T1199 Trusted Relationship
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, metadata.event_code, actor.user.name AS by_whom, "user".name AS account, src_endpoint.ip AS ip,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('user.session.impersonation.grant', 'user.session.impersonation.initiate',
                              'user.session.impersonation.extend');
