-- A user's factors were reset or removed
--
-- A factor of a user was deactivated, or all of them were reset.
--
-- Follows: Sigma, Okta MFA Reset or Deactivated: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_mfa_reset_or_deactivated.yml
-- Follows: Elastic, Attempt to Reset MFA Factors for an Okta User Account: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/persistence_attempt_to_reset_mfa_factors_for_okta_user_account.toml
-- Follows: Elastic, Attempt to Deactivate MFA for an Okta User Account: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/persistence_attempt_to_deactivate_mfa_for_okta_user_account.toml
-- Follows: Panther, okta_user_mfa_reset: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_user_mfa_reset.yml
-- Follows: Panther, okta_user_mfa_reset_all: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_user_mfa_reset_all.yml
-- ATT&CK: T1556.006 Multi-Factor Authentication
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, metadata.event_code, actor.user.name AS by_whom, actor.app_name AS by_program, "user".name AS account,
       [f.factor_type for f in auth_factors] AS factors, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('user.mfa.factor.deactivate', 'user.mfa.factor.reset_all') AND status_id = 1;
