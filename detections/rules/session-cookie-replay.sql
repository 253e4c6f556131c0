-- A session's cookie replayed by a script
--
-- A session that was started in a browser was used by something that is no browser, from another address: what a
-- phishing proxy does with the cookie that it caught.
--
-- Follows: Elastic, Okta AiTM Session Cookie Replay: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_okta_aitm_session_cookie_replay.toml
-- ATT&CK: T1539 Steal Web Session Cookie, T1550.004 Web Session Cookie
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH seen AS (
    SELECT happened, metadata.uid AS uid, metadata.event_code AS event_code, "user".name AS account,
           coalesce(actor.session.uid_alt, actor.session.uid) AS session_uid, src_endpoint.ip AS ip,
           http_request.user_agent AS client,
           regexp_matches(client, '^(python|curl/|httpx|aiohttp|Go-http-client|Java/|okhttp)|Headless') AS is_script
    FROM okta
    WHERE metadata.event_code IN ('user.session.start', 'policy.evaluate_sign_on', 'user.authentication.sso')
)
SELECT used.happened, used.account, used.session_uid, started.ip AS started_at, used.ip, used.client, [started.uid, used.uid] AS uids
FROM seen AS used
JOIN seen AS started ON used.session_uid = started.session_uid AND used.happened > started.happened
WHERE started.event_code = 'user.session.start' AND NOT started.is_script
  AND used.event_code <> 'user.session.start' AND used.is_script AND used.ip <> started.ip;
