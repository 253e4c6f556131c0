-- One session, two addresses
--
-- Requests of one session came from two addresses in two networks within an hour. Phones change networks too:
-- look at the client and the distance.
--
-- Follows: Elastic, Okta AiTM Session Cookie Replay: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_okta_aitm_session_cookie_replay.toml
-- Follows: Panther, okta_potentially_stolen_session: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_potentially_stolen_session.yml
-- ATT&CK: T1550.004 Web Session Cookie
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH seen AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, src_endpoint.autonomous_system.number AS network,
           actor.user.name AS account, actor.session.uid AS session_uid
    FROM okta
    WHERE actor.user.type_id = 1 AND actor.session.uid IS NOT NULL AND src_endpoint.ip IS NOT NULL
), counted AS (
    SELECT *, count(DISTINCT ip) OVER last_hour AS addresses, count(DISTINCT network) OVER last_hour AS networks
    FROM seen
    WINDOW last_hour AS (
        PARTITION BY account, session_uid ORDER BY happened RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW)
)
SELECT max(happened) AS happened, account, session_uid, list(DISTINCT ip) AS ips, list(uid) AS uids
FROM counted
GROUP BY account, session_uid
HAVING bool_or(addresses >= 2 AND networks >= 2);
