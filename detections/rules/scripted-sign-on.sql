-- An application opened by a script
--
-- Single sign-on to an application succeeded from an unknown kind of device with the user agent of a script. It
-- can be a way around the device conditions of the application's sign-on policy (CVE-2024-9191).
--
-- Follows: Panther, okta_skeleton_key_bypass: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_skeleton_key_bypass.yml
-- ATT&CK: T1078 Valid Accounts
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS account, service.name AS application, src_endpoint.ip AS ip, http_request.user_agent AS client,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.authentication.sso' AND status_id = 1 AND coalesce(src_endpoint.type_id, 0) = 0
  AND regexp_matches(http_request.user_agent, '(?i)python|curl|wget|postman|httpie|rest-client|insomnia|axios|requests|okhttp');
