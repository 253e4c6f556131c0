-- A session by the old authentication API
--
-- A session was started by the older Authentication API, whose session ids begin with 102. The policies of
-- Identity Engine, and the factors that they require, may not apply to it.
--
-- Follows: Panther, okta_legacy_api_auth_no_mfa: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_legacy_api_auth_no_mfa.yml
-- ATT&CK: T1078.004 Cloud Accounts, T1556 Modify Authentication Process
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS account, src_endpoint.ip AS ip, session.uid AS session_uid, http_request.user_agent AS client,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.session.start' AND status_id = 1 AND starts_with(session.uid, '102');
