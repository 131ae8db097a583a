(** Finite sums, Euclidean norms of vectors and Frobenius norms of parameter blocks.

    A vector is a function [nat -> R] read up to its length, a matrix a function of two indices. *)
From Coq Require Import Reals Lra Psatz Arith Lia.
Open Scope R_scope.

(** [Sum n u] is u_0 + ... + u_(n-1). *)
Fixpoint Sum (n : nat) (u : nat -> R) : R :=
  match n with O => 0 | S k => Sum k u + u k end.

Lemma Sum_ext n u v : (forall k, (k < n)%nat -> u k = v k) -> Sum n u = Sum n v.
Proof. induction n as [|n IH]; intros H; [easy|]; cbn [Sum]; rewrite IH, H by auto with arith; easy. Qed.

Lemma Sum_le n u v : (forall k, (k < n)%nat -> u k <= v k) -> Sum n u <= Sum n v.
Proof. induction n as [|n IH]; cbn [Sum]; intros H; [lra|]; apply Rplus_le_compat; auto with arith. Qed.

Lemma Sum_plus n u v : Sum n (fun k => u k + v k) = Sum n u + Sum n v.
Proof. induction n as [|n IH]; cbn [Sum]; [ring | rewrite IH; ring]. Qed.

Lemma Sum_minus n u v : Sum n (fun k => u k - v k) = Sum n u - Sum n v.
Proof. induction n as [|n IH]; cbn [Sum]; [ring | rewrite IH; ring]. Qed.

Lemma Sum_scal n c u : Sum n (fun k => c * u k) = c * Sum n u.
Proof. induction n as [|n IH]; cbn [Sum]; [ring | rewrite IH; ring]. Qed.

Lemma Sum_nonneg n u : (forall k, (k < n)%nat -> 0 <= u k) -> 0 <= Sum n u.
Proof. induction n as [|n IH]; cbn [Sum]; intros H; [lra|]; apply Rplus_le_le_0_compat; auto with arith. Qed.

Lemma Sum_squares_nonneg n u : 0 <= Sum n (fun k => u k ^ 2).
Proof. apply Sum_nonneg; intros; apply pow2_ge_0. Qed.

Lemma Sum_const n c : Sum n (fun _ => c) = INR n * c.
Proof. induction n as [|n IH]; [cbn; ring | cbn [Sum]; rewrite IH, S_INR; ring]. Qed.

(** A term of a sum of non-negative terms is at most the sum. *)
Lemma term_le_Sum n u i : (forall k, (k < n)%nat -> 0 <= u k) -> (i < n)%nat -> u i <= Sum n u.
Proof.
  induction n as [|n IH]; intros H Hi; [lia|]; cbn [Sum].
  destruct (Nat.eq_dec i n) as [->|Ne].
  - assert (0 <= Sum n u) by (apply Sum_nonneg; auto with arith). lra.
  - assert (u i <= Sum n u) by (apply IH; auto with arith; lia). pose proof (H n (le_n _)). lra.
Qed.

(** * Square roots *)

Lemma sqrt_le_of_sq a b : 0 <= b -> a <= b ^ 2 -> sqrt a <= b.
Proof. intros Hb H; rewrite <- (sqrt_pow2 b) by easy; now apply sqrt_le_1_alt. Qed.

Lemma le_of_sq a b : 0 <= b -> a ^ 2 <= b ^ 2 -> a <= b.
Proof. intros Hb H; destruct (Rle_or_lt a b); [easy|nra]. Qed.

Lemma le_sqrt_of_sq a b : 0 <= b -> a ^ 2 <= b -> a <= sqrt b.
Proof. intros Hb H; apply le_of_sq; [apply sqrt_pos | now rewrite pow2_sqrt]. Qed.

(** (s + b)^2 <= (V + b^2)(r + o) if s^2 <= V r and either o = 1, or o >= 0 and b = 0:
    the Cauchy-Schwarz inequality with one entry more. *)
Lemma cauchy_schwarz_one_more s b V r : 0 <= V -> 0 <= r -> s ^ 2 <= V * r ->
  (s + b) ^ 2 <= (V + b ^ 2) * (r + 1).
Proof.
  intros HV Hr Hs.
  assert (2 * (s * b) <= V + r * b ^ 2); [|nra].
  destruct (Req_dec r 0) as [Z|Z]; [subst r; assert (s = 0) by nra; subst s; nra|].
  (* r (V + r b^2 - 2 s b) >= s^2 - 2 r s b + r^2 b^2 = (s - r b)^2 *)
  assert (0 <= r * (V + r * b ^ 2 - 2 * (s * b))); [|nra].
  pose proof (pow2_ge_0 (s - r * b)); nra.
Qed.

(** (a b + c d)^2 <= (a^2 + c^2)(b^2 + d^2): the difference is (a d - c b)^2. *)
Lemma cauchy_schwarz_2 a b c d : (a * b + c * d) ^ 2 <= (a ^ 2 + c ^ 2) * (b ^ 2 + d ^ 2).
Proof. pose proof (pow2_ge_0 (a * d - c * b)); nra. Qed.

(** * Vectors *)

Definition vec := nat -> R.
Definition norm (n : nat) (v : vec) : R := sqrt (Sum n (fun i => v i ^ 2)).

Lemma norm_nonneg n v : 0 <= norm n v. Proof. apply sqrt_pos. Qed.

Lemma norm_sq n v : norm n v ^ 2 = Sum n (fun i => v i ^ 2).
Proof. apply pow2_sqrt, Sum_squares_nonneg. Qed.

Lemma norm_ext n u v : (forall i, (i < n)%nat -> u i = v i) -> norm n u = norm n v.
Proof. intros H; unfold norm; f_equal; apply Sum_ext; intros; now rewrite H. Qed.

(** |Sum u_i v_i| <= ||u|| ||v||, squared. *)
Lemma cauchy_schwarz n u v :
  Sum n (fun i => u i * v i) ^ 2 <= Sum n (fun i => u i ^ 2) * Sum n (fun i => v i ^ 2).
Proof.
  induction n as [|n IH]; cbn [Sum]; [nra|].
  pose proof (Sum_squares_nonneg n u) as HU; pose proof (Sum_squares_nonneg n v) as HV.
  set (U := Sum n (fun i => u i ^ 2)) in *; set (V := Sum n (fun i => v i ^ 2)) in *.
  set (s := Sum n (fun i => u i * v i)) in *; set (a := u n); set (b := v n).
  (* 2 s a b <= 2 sqrt(U V) |a b| <= U b^2 + V a^2 *)
  assert (2 * s * (a * b) <= U * b ^ 2 + V * a ^ 2); [|nra].
  apply le_of_sq; [nra|].
  pose proof (pow2_ge_0 (U * b ^ 2 - V * a ^ 2)); pose proof (pow2_ge_0 (a * b)); nra.
Qed.

Lemma dot_le n u v : Rabs (Sum n (fun i => u i * v i)) <= norm n u * norm n v.
Proof.
  apply le_of_sq.
  - apply Rmult_le_pos; apply norm_nonneg.
  - rewrite pow2_abs, Rpow_mult_distr, !norm_sq; apply cauchy_schwarz.
Qed.

Lemma norm_triangle n u v : norm n (fun i => u i + v i) <= norm n u + norm n v.
Proof.
  pose proof (norm_nonneg n u); pose proof (norm_nonneg n v).
  apply sqrt_le_of_sq; [lra|].
  rewrite (Sum_ext _ _ (fun i => u i ^ 2 + v i ^ 2 + 2 * (u i * v i))) by (intros; ring).
  rewrite !Sum_plus, Sum_scal, <- !norm_sq.
  pose proof (dot_le n u v); pose proof (Rle_abs (Sum n (fun i => u i * v i))); nra.
Qed.

Lemma norm_triangle_3 n u v w : norm n (fun i => u i + v i + w i) <= norm n u + norm n v + norm n w.
Proof.
  pose proof (norm_triangle n (fun i => u i + v i) w); pose proof (norm_triangle n u v); cbv beta in *; lra.
Qed.

(** An entrywise bound |u_i| <= c |v_i| gives ||u|| <= c ||v||. *)
Lemma norm_le_scal n c u v : 0 <= c -> (forall i, (i < n)%nat -> Rabs (u i) <= c * Rabs (v i)) ->
  norm n u <= c * norm n v.
Proof.
  intros Hc H; pose proof (norm_nonneg n v).
  apply sqrt_le_of_sq; [nra|].
  rewrite Rpow_mult_distr, norm_sq, <- Sum_scal; apply Sum_le; intros i Hi.
  rewrite <- Rpow_mult_distr, <- (pow2_abs (u i)), <- (pow2_abs (c * v i)), Rabs_mult, (Rabs_pos_eq c) by easy.
  apply pow_incr; split; [apply Rabs_pos | auto].
Qed.

(** Entries bounded by B: ||u|| <= sqrt(n) B. *)
Lemma norm_le_const n B u : 0 <= B -> (forall i, (i < n)%nat -> Rabs (u i) <= B) -> norm n u <= sqrt (INR n) * B.
Proof.
  intros HB H; pose proof (sqrt_pos (INR n)).
  apply sqrt_le_of_sq; [nra|].
  rewrite Rpow_mult_distr, pow2_sqrt, <- Sum_const by apply pos_INR.
  apply Sum_le; intros i Hi; rewrite <- pow2_abs; apply pow_incr; split; [apply Rabs_pos | auto].
Qed.

(** The products u_i v_i: ||u o v|| <= ||u|| ||v||. *)
Lemma norm_product n u v : norm n (fun i => u i * v i) <= norm n u * norm n v.
Proof.
  pose proof (norm_nonneg n u); pose proof (norm_nonneg n v).
  apply sqrt_le_of_sq; [nra|]; rewrite Rpow_mult_distr, (norm_sq n v), <- Sum_scal.
  apply Sum_le; intros i Hi; rewrite norm_sq, Rpow_mult_distr.
  apply Rmult_le_compat_r; [apply pow2_ge_0|].
  apply (term_le_Sum n (fun i => u i ^ 2)); [intros; apply pow2_ge_0 | easy].
Qed.

Lemma norm_of_le n u a : norm n u <= a -> Sum n (fun i => u i ^ 2) <= a ^ 2.
Proof. intros H; rewrite <- norm_sq; apply pow_incr; split; [apply norm_nonneg | easy]. Qed.

Lemma entry_le_norm n u i : (i < n)%nat -> Rabs (u i) <= norm n u.
Proof.
  intros Hi; apply le_sqrt_of_sq; [apply Sum_squares_nonneg|].
  rewrite pow2_abs; apply (term_le_Sum n (fun i => u i ^ 2)); [intros; apply pow2_ge_0 | easy].
Qed.

(** * Parameter blocks theta = (A, b), with the norm sqrt(||A||_F^2 + ||b||^2) *)

Definition block := ((nat -> nat -> R) * vec)%type.
Definition weight (t : block) := fst t.
Definition offset (t : block) := snd t.

Definition block_norm (rows cols : nat) (t : block) : R :=
  norm rows (fun i => sqrt (Sum cols (fun j => weight t i j ^ 2) + offset t i ^ 2)).

Definition minus (t u : block) : block :=
  (fun i j => weight t i j - weight u i j, fun i => offset t i - offset u i).
Definition along (t v : block) (s : R) : block :=
  (fun i j => weight t i j + s * weight v i j, fun i => offset t i + s * offset v i).

Definition linear (cols : nat) (t : block) (u : vec) : vec := fun i => Sum cols (fun j => weight t i j * u j).
Definition affine (cols : nat) (t : block) (u : vec) : vec := fun i => linear cols t u i + offset t i.

(** The norm of (u, 1), or of u for a layer without bias. *)
Definition slope_norm (bias : bool) (r : R) : R := sqrt (r ^ 2 + if bias then 1 else 0).

(** A layer without bias has b = 0. *)
Definition respects (bias : bool) (t : block) : Prop := bias = false -> forall i, offset t i = 0.

Lemma row_nonneg cols t i : 0 <= Sum cols (fun j => weight t i j ^ 2) + offset t i ^ 2.
Proof. pose proof (Sum_squares_nonneg cols (weight t i)); pose proof (pow2_ge_0 (offset t i)); lra. Qed.

Lemma block_norm_nonneg rows cols t : 0 <= block_norm rows cols t. Proof. apply norm_nonneg. Qed.

Lemma block_norm_sq rows cols t :
  block_norm rows cols t ^ 2 = Sum rows (fun i => Sum cols (fun j => weight t i j ^ 2) + offset t i ^ 2).
Proof. unfold block_norm; rewrite norm_sq; apply Sum_ext; intros; apply pow2_sqrt, row_nonneg. Qed.

(** ||A u|| <= ||theta|| ||u|| *)
Lemma linear_le rows cols t u : norm rows (linear cols t u) <= block_norm rows cols t * norm cols u.
Proof.
  pose proof (block_norm_nonneg rows cols t); pose proof (norm_nonneg cols u).
  apply sqrt_le_of_sq; [nra|]; rewrite Rpow_mult_distr, block_norm_sq, Rmult_comm, <- Sum_scal.
  apply Sum_le; intros i _; eapply Rle_trans; [apply cauchy_schwarz|].
  rewrite norm_sq, Rmult_comm; apply Rmult_le_compat_l; [apply Sum_squares_nonneg|].
  pose proof (pow2_ge_0 (offset t i)); lra.
Qed.

(** ||A u + b|| <= ||theta|| sqrt(||u||^2 + 1) *)
Lemma affine_le rows cols bias t u : respects bias t ->
  norm rows (affine cols t u) <= block_norm rows cols t * slope_norm bias (norm cols u).
Proof.
  intros Hb; pose proof (block_norm_nonneg rows cols t); pose proof (norm_nonneg cols u).
  pose proof (sqrt_pos (norm cols u ^ 2 + if bias then 1 else 0)).
  apply sqrt_le_of_sq; [unfold slope_norm; nra|].
  unfold slope_norm; rewrite Rpow_mult_distr, pow2_sqrt by (destruct bias; nra).
  rewrite block_norm_sq, Rmult_comm, <- Sum_scal; apply Sum_le; intros i _.
  rewrite norm_sq, Rmult_comm; unfold affine.
  assert (C : linear cols t u i ^ 2 <= Sum cols (fun j => weight t i j ^ 2) * Sum cols (fun j => u j ^ 2))
    by apply cauchy_schwarz.
  pose proof (Sum_squares_nonneg cols (weight t i)); pose proof (Sum_squares_nonneg cols u).
  destruct bias; [now apply cauchy_schwarz_one_more|].
  rewrite (Hb eq_refl i); nra.
Qed.

Lemma slope_norm_le bias r r' : 0 <= r <= r' -> slope_norm bias r <= slope_norm bias r'.
Proof. intros; apply sqrt_le_1_alt; destruct bias; nra. Qed.

Lemma slope_norm_nonneg bias r : 0 <= slope_norm bias r. Proof. apply sqrt_pos. Qed.
Lemma slope_norm_sq bias r : slope_norm bias r ^ 2 = r ^ 2 + if bias then 1 else 0.
Proof. apply pow2_sqrt; destruct bias; nra. Qed.

Lemma linear_minus cols t u v i : linear cols t (fun j => u j - v j) i = linear cols t u i - linear cols t v i.
Proof. unfold linear; rewrite <- Sum_minus; apply Sum_ext; intros; ring. Qed.

Lemma linear_of_minus cols t t' u i : linear cols (minus t t') u i = linear cols t u i - linear cols t' u i.
Proof. unfold linear, minus, weight; simpl; rewrite <- Sum_minus; apply Sum_ext; intros; ring. Qed.
