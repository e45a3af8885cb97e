import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
                ('role', models.CharField(choices=[('viewer', 'Viewer'), ('operator', 'Operator'), ('admin', 'Admin')], max_length=10)),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('sequence', models.BigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('actor', models.CharField(max_length=160)),
                ('action', models.CharField(max_length=40)),
                ('cluster', models.CharField(blank=True, max_length=100)),
                ('switch_id', models.UUIDField(blank=True, db_index=True, null=True)),
                ('body', models.JSONField(default=dict)),
                ('previous_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64, unique=True)),
            ],
            options={
                'ordering': ['sequence'],
            },
        ),
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('sequence', models.BigIntegerField(default=0)),
                ('hash', models.CharField(default='0000000000000000000000000000000000000000000000000000000000000000', max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Cluster',
            fields=[
                ('id', models.SlugField(max_length=100, primary_key=True, serialize=False)),
                ('name', models.CharField(help_text="the kubeconfig's context", max_length=253)),
                ('identity', models.CharField(blank=True, help_text='uid of the namespace kube-system, or a weaker fingerprint', max_length=100)),
                ('identity_is_weak', models.BooleanField(default=False)),
                ('active', models.BooleanField(default=True, help_text='opened by the present installation')),
                ('armed_at', models.DateTimeField(blank=True, null=True)),
                ('armed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('viewer', 'Viewer'), ('operator', 'Operator'), ('admin', 'Admin')], max_length=10)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='grant', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='LoginLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='login_links', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Switch',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('schema', models.PositiveSmallIntegerField(default=1)),
                ('cluster_identity', models.CharField(max_length=100)),
                ('namespace', models.CharField(max_length=63)),
                ('service', models.CharField(max_length=63)),
                ('service_uid', models.CharField(max_length=64)),
                ('key', models.CharField(help_text='the label that tells the sides apart', max_length=317)),
                ('from_value', models.CharField(max_length=63)),
                ('to_value', models.CharField(max_length=63)),
                ('from_selector', models.JSONField()),
                ('to_selector', models.JSONField()),
                ('actor', models.CharField(help_text="the person's or token's name when it asked", max_length=160)),
                ('idempotency_key', models.CharField(blank=True, max_length=200, null=True)),
                ('body_hash', models.CharField(blank=True, max_length=64)),
                ('requested_at', models.DateTimeField(auto_now_add=True)),
                ('state', models.CharField(max_length=24)),
                ('open', models.BooleanField(default=True)),
                ('reason', models.CharField(blank=True, help_text='code of the catalog: why it ended as it did', max_length=64)),
                ('detail', models.TextField(blank=True)),
                ('going_back', models.BooleanField(default=False, help_text='somebody asked to go back before it had succeeded')),
                ('returning', models.BooleanField(default=False, help_text='its present steps lead back to `from_selector`')),
                ('tries', models.PositiveIntegerField(default=0, help_text='preparations since the last applied effect')),
                ('accepted', models.JSONField(default=list, help_text='codes of the warnings that were ticked')),
                ('step', models.PositiveIntegerField(default=0, help_text='effects that were begun')),
                ('epoch', models.PositiveIntegerField(default=0)),
                ('holder', models.CharField(blank=True, max_length=64)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('look_again_at', models.DateTimeField(blank=True, null=True)),
                ('intent_rv', models.CharField(blank=True, max_length=64)),
                ('fence', models.CharField(blank=True, max_length=128)),
                ('applied_rv', models.CharField(blank=True, max_length=64)),
                ('applied_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('keeping_old_until', models.DateTimeField(blank=True, null=True)),
                ('cluster', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='switches', to='clusterview.cluster')),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='switches', to=settings.AUTH_USER_MODEL)),
                ('requested_by_token', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='switches', to='clusterview.apitoken')),
                ('reverses', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='clusterview.switch')),
            ],
            options={
                'ordering': ['-requested_at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('open', True)), fields=('cluster', 'service_uid'), name='one_open_switch_per_service'), models.UniqueConstraint(condition=models.Q(('idempotency_key__isnull', False)), fields=('actor', 'idempotency_key'), name='one_switch_per_idempotency_key')],
            },
        ),
    ]
