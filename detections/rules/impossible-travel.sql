-- Impossible travel
--
-- Two successful sign-ins of a user from places so far apart that the user would have had to travel faster than
-- 900 km/h, and more than 500 km.
--
-- Follows: Panther, okta_geo_improbable_access: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_geo_improbable_access.yml
-- ATT&CK: T1078 Valid Accounts
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH signed_in AS (
    SELECT happened, metadata.uid AS uid, "user".name AS account, src_endpoint.ip AS ip,
           radians(src_endpoint.location.lat) AS lat, radians(src_endpoint.location.long) AS long,
           src_endpoint.location.city AS city
    FROM okta
    WHERE metadata.event_code = 'user.session.start' AND status_id = 1 AND src_endpoint.location.lat IS NOT NULL
), pairs AS (
    SELECT *, lag(happened) OVER person AS happened_before, lag(uid) OVER person AS uid_before,
           lag(lat) OVER person AS lat_before, lag(long) OVER person AS long_before, lag(city) OVER person AS city_before
    FROM signed_in
    WINDOW person AS (PARTITION BY account ORDER BY happened)
), travelled AS (
    SELECT *, 2 * 6371 * asin(least(1, sqrt(
               sin((lat - lat_before) / 2) ** 2 + cos(lat) * cos(lat_before) * sin((long - long_before) / 2) ** 2))) AS km,
           greatest(epoch_ms(happened) - epoch_ms(happened_before), 1) / 3600000 AS hours
    FROM pairs
    WHERE happened_before IS NOT NULL
)
SELECT happened, account, ip, city_before, city, round(km) AS km, round(hours, 2) AS hours, [uid_before, uid] AS uids
FROM travelled
WHERE km > 500 AND km / hours > 900;
