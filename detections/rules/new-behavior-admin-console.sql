-- The Admin Console from a new device and address
--
-- A sign-on policy was evaluated for the Admin Console while Okta's behavior detection saw a device and an
-- address that are new for the user.
--
-- Follows: Sigma, Okta New Admin Console Behaviours: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_new_behaviours_admin_console.yml
-- Follows: Panther, okta_new_behavior_accessing_admin_console: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_new_behavior_accessing_admin_console.yml
-- ATT&CK: T1078.004 Cloud Accounts
-- OCSF: 1.8.0, 1.5.0
SELECT happened, "user".name AS account, src_endpoint.ip AS ip, risk_details, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'policy.evaluate_sign_on' AND service.name = 'Okta Admin Console'
  AND risk_details LIKE '%New Device=POSITIVE%' AND risk_details LIKE '%New IP=POSITIVE%';
