-- A user was created
--
-- A user was created. By itself it finds much; combine it with who may create users.
--
-- Follows: Sigma, New Okta User Created: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_user_created.yml
-- ATT&CK: T1136.003 Cloud Account
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.user.name AS by_whom, "user".name AS account, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.lifecycle.create' AND status_id = 1;
