-- A rate limit was reached
--
-- A rate limit of the org, of a client or of an application was reached or nearly so: somebody reads or guesses
-- a lot, or an integration misbehaves.
--
-- Follows: Panther, okta_rate_limits: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_rate_limits.yml
-- Follows: Elastic, Possible Okta DoS Attack: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/impact_possible_okta_dos_attack.toml
-- ATT&CK: T1498 Network Denial of Service
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, metadata.event_code, actor.user.name AS account, coalesce(device.ip, src_endpoint.ip) AS ip, message,
       [metadata.uid] AS uids
FROM okta
WHERE regexp_matches(metadata.event_code, '^system\.(org|operation)\.rate_limit\.')
   OR metadata.event_code IN ('app.oauth2.client_id_rate_limit_warning', 'application.integration.rate_limit_exceeded',
                              'system.client.concurrency_rate_limit.notification', 'core.concurrency.org.limit.violation');
