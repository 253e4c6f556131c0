-- An attempt to bypass multi-factor authentication
--
-- Okta reports an attempt to bypass the second factor.
--
-- Follows: Elastic, Attempted Bypass of Okta MFA: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_attempted_bypass_of_okta_mfa.toml
-- ATT&CK: T1111 Multi-Factor Authentication Interception
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS account, src_endpoint.ip AS ip, status, status_detail, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.mfa.attempt_bypass';
