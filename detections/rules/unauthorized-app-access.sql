-- An attempt at an application that is not assigned
--
-- A user tried to open an application that is not assigned to them.
--
-- Follows: Sigma, Okta Unauthorized Access to App: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_unauthorized_access_to_app.yml
-- Follows: Elastic, Unauthorized Access to an Okta Application: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/initial_access_okta_user_attempted_unauthorized_access.toml
-- Follows: Panther, okta_app_unauthorized_access_attempt: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_app_unauthorized_access_attempt.yml
-- ATT&CK: T1078.004 Cloud Accounts
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS account, service.name AS application, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'app.generic.unauth_app_access_attempt' AND status_id = 2;
