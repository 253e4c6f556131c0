-- A sign-in that is new for the user
--
-- A session was started and Okta's behavior detection saw a device, an address or a country that is new for the
-- user, or a speed at which nobody travels.
--
-- Follows: Elastic, New Okta Authentication Behavior Detected: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/initial_access_new_authentication_behavior_detection.toml
-- ATT&CK: T1078.004 Cloud Accounts
-- OCSF: 1.8.0, 1.5.0
SELECT happened, "user".name AS account, src_endpoint.ip AS ip, src_endpoint.location.country AS country, risk_details,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.session.start' AND status_id = 1
  AND regexp_matches(risk_details, '(New Device|New IP|New Country|New Geo-Location|Velocity)=POSITIVE');
