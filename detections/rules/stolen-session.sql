-- A session in another network and another browser
--
-- A session was started or used, then used from another network (AS number) with another user agent.
--
-- Follows: Panther, okta_potentially_stolen_session: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_potentially_stolen_session.yml
-- ATT&CK: T1539 Steal Web Session Cookie
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH seen AS (
    SELECT happened, metadata.uid AS uid, "user".name AS account, actor.session.uid AS session_uid,
           src_endpoint.autonomous_system.number AS network, http_request.user_agent AS browser
    FROM okta
    WHERE metadata.event_code IN ('user.session.start', 'user.authentication.sso') AND actor.session.uid IS NOT NULL
)
SELECT later.happened, later.account, later.session_uid, earlier.browser AS browser_before, later.browser,
       [earlier.uid, later.uid] AS uids
FROM seen AS later
JOIN seen AS earlier ON later.session_uid = earlier.session_uid AND later.happened > earlier.happened
WHERE later.network <> earlier.network AND later.browser <> earlier.browser
QUALIFY row_number() OVER (PARTITION BY later.uid ORDER BY earlier.happened) = 1;
