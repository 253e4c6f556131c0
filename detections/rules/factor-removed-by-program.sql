-- A program removed a user's factor
--
-- A service application, not a person, deactivated a factor of a user: its credential or its scopes may be
-- misused.
--
-- Follows: Panther, okta_service_app_mfa_factor_deactivate: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_service_app_mfa_factor_deactivate.yml
-- ATT&CK: T1556.006 Multi-Factor Authentication
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.app_name AS program, actor.app_uid, "user".name AS account, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.mfa.factor.deactivate' AND status_id = 1 AND actor.app_uid IS NOT NULL AND actor.user IS NULL;
