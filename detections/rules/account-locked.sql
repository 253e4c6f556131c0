-- An account was locked
--
-- Okta locked an account after too many failed attempts.
--
-- Follows: Sigma, Okta User Account Locked Out: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_user_account_locked_out.yml
-- Follows: Panther, okta_user_account_locked: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_user_account_locked.yml
-- Follows: Elastic, Attempts to Brute Force an Okta User Account: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_attempts_to_brute_force_okta_user_account.toml
-- ATT&CK: T1110 Brute Force
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS account, src_endpoint.ip AS ip, message, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('user.account.lock', 'user.account.lock.limit');
