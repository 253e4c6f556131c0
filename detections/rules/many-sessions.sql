-- Many sessions of one user
--
-- A user started at least three sessions within half an hour.
--
-- Follows: Elastic, Multiple Okta Sessions Detected for a Single User: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/lateral_movement_multiple_sessions_for_single_user.toml
-- ATT&CK: T1550.004 Web Session Cookie
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH started AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, "user".name AS account, session.uid AS session_uid
    FROM okta
    WHERE metadata.event_code = 'user.session.start' AND status_id = 1 AND "user".type_id = 1 AND session.uid IS NOT NULL
), counted AS (
    SELECT *, count(DISTINCT session_uid) OVER (
        PARTITION BY account ORDER BY happened RANGE BETWEEN INTERVAL 30 MINUTE PRECEDING AND CURRENT ROW) AS sessions
    FROM started
)
SELECT max(happened) AS happened, account, list(DISTINCT ip) AS ips, max(sessions) AS sessions, list(uid) AS uids
FROM counted
GROUP BY account
HAVING max(sessions) >= 3;
