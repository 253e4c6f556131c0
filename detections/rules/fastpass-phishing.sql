-- FastPass declined a phishing attempt
--
-- Okta FastPass refused to sign in at a page that is not the org's: the user is being phished.
--
-- Follows: Sigma, Okta FastPass Phishing Detection: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_fastpass_phishing_detection.yml
-- Follows: Elastic, Okta FastPass Phishing Detection: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/initial_access_okta_fastpass_phishing.toml
-- Follows: Panther, okta_phishing_attempt_blocked_by_fastpass: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_phishing_attempt_blocked_by_fastpass.yml
-- ATT&CK: T1566 Phishing
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS account, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.authentication.auth_via_mfa' AND status_id = 2
  AND status_detail = 'FastPass declined phishing attempt';
