-- A factor was suspended
--
-- Okta suspended a user's factor because of suspicious activity.
--
-- Follows: Panther, okta_user_mfa_factor_suspend: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_user_mfa_factor_suspend.yml
-- ATT&CK: T1556.006 Multi-Factor Authentication
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.user.name AS by_whom, "user".name AS account, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.mfa.factor.suspend';
