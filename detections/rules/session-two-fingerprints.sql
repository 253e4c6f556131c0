-- One session, two device tokens
--
-- Requests of one session came with two device tokens (dtHash): another browser uses the session's cookie.
--
-- Follows: Elastic, Multiple Device Token Hashes for Single Okta Session: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_multiple_device_token_hashes_for_single_okta_session.toml
-- ATT&CK: T1539 Steal Web Session Cookie, T1550.004 Web Session Cookie
-- OCSF: 1.8.0
WITH seen AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, actor.user.name AS account, actor.session.uid AS session_uid,
           [f.value for f in src_endpoint.fingerprints if f.algorithm = 'dtHash'][1] AS device_token
    FROM okta
    WHERE actor.user.type_id = 1 AND actor.session.uid IS NOT NULL
      AND metadata.event_code NOT IN ('policy.evaluate_sign_on', 'user.session.start')
)
SELECT max(happened) AS happened, account, session_uid, list(DISTINCT device_token) AS device_tokens, list(DISTINCT ip) AS ips,
       list(uid) AS uids
FROM seen
WHERE device_token IS NOT NULL
GROUP BY account, session_uid
HAVING count(DISTINCT device_token) >= 2;
