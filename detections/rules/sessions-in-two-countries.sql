-- Sessions in two countries
--
-- A user started sessions in two countries within three hours.
--
-- Follows: Elastic, Okta User Sessions Started from Different Geolocations: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/initial_access_okta_user_sessions_started_from_different_geolocations.toml
-- ATT&CK: T1078.004 Cloud Accounts
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH started AS (
    SELECT happened, metadata.uid AS uid, "user".name AS account, src_endpoint.location.country AS country
    FROM okta
    WHERE metadata.event_code = 'user.session.start' AND status_id = 1 AND src_endpoint.location.country IS NOT NULL
), counted AS (
    SELECT *, count(DISTINCT country) OVER (
        PARTITION BY account ORDER BY happened RANGE BETWEEN INTERVAL 3 HOUR PRECEDING AND CURRENT ROW) AS countries
    FROM started
)
SELECT max(happened) AS happened, account, list(DISTINCT country) AS countries, list(uid) AS uids
FROM counted
GROUP BY account
HAVING max(countries) >= 2;
